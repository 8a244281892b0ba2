"""What can be wrong with a field, as a code that a screen can say: each with its Chinese and its English sentence.

Screens say the Chinese one by the code (the console's table is written from this one by `make docs`); the English one
is the `detail` of the answer, unless who refuses knows to say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from contracts.enums import Worded
from pydantic_core import PydanticCustomError


class FieldError(TypedDict):
    """A wrong place: where (RFC 6901), what to do there, the kind of what is wrong and the limit that it names."""

    pointer: str
    detail: str
    code: str
    limit: NotRequired[str]


class Wrong(Worded):
    """A kind of what is wrong; `zh` and `en` say it after the field's name, `{limit}` stands for the limit.

    The kinds that pydantic finds have its names; those at the end are the beginnings of several of them, and their
    English sentences may name more of pydantic's context.
    """

    # which value
    UNKNOWN = "unknown", "没有这一项，请核对", "there is no such one: check it"
    NOT_AMONG = "not_among", "须为以下之一：{limit}", "must be one of {limit}"
    NOT_BELONGING = "not_belonging", "与此处的记录不相属，请核对", "does not belong here: check it"
    NOT_ONE = "not_one", "没有对应的记录，或对应多条，请写明", "is not the one of a single record: say more"
    NOT_HERE = "not_here", "此处不能这样填写，请更改或去掉", "cannot be given here: change it, or leave it out"
    MUST_BE = "must_be", "须为 {limit}", "must be {limit}"
    SAME = "same", "与另一项相同，请另选", "must be another one"
    DUPLICATE = "duplicate", "重复出现", "is named twice"
    CONTRADICTION = "contradiction", "与其他填写的内容矛盾", "contradicts what else is said"
    RESERVED = "reserved", "此名称另有含义，请另取", "has a meaning already: take another one"
    FIXED = "fixed", "此处不能更改", "cannot be changed here"
    MUST_STAY = "must_stay", "不能删去", "cannot be taken away"
    TOGETHER = "together", "须与 {limit} 一并填写，或都不填", "give it together with {limit}, or neither"
    ONE_WAY = "one_way", "须按其中一种方式填写：{limit}", "must be given in one way of these: {limit}"
    LACKS = "lacks", "缺少：{limit}", "lacks {limit}"
    # who
    NOT_YOURS = "not_yours", "不属于您，请另选", "is not yours: name another one"
    NO_SUCH_PERSON = "no_such_person", "没有这名在职人员", "nobody of staff has this subject"
    WITHOUT_ROLE = "without_role", "此人届时在此处没有所需的岗位", "does not hold the role there then"
    ON_DUTY = "on_duty", "此人该时段已有班次", "is on duty already in this time"
    # when
    IN_FUTURE = "in_future", "不能晚于现在", "lies in the future"
    IN_PAST = "in_past", "须晚于现在", "must lie ahead"
    BEFORE_BEGIN = "before_begin", "不能早于开始的时间", "lies before the begin"
    TOO_LONG_AGO = "too_long_ago", "须在最近 {limit} 天之内", "must lie within the last {limit} days"
    NOT_BEFORE = "not_before", "不得早于 {limit}", "must not lie before {limit}"
    IN_ORDER = "in_order", "日期须依次递增", "must follow each other"
    MONDAY = "monday", "须为星期一", "must be a Monday"
    WEEKEND = "weekend", "须为周末", "must lie on a weekend"
    # how much
    BETWEEN = "between", "须在 {limit} 之间", "must lie within {limit}"
    SUM_TOO_SMALL = "sum_too_small", "合计不得小于 {limit}", "must add up to {limit} at least"
    SUM_BETWEEN = "sum_between", "合计须在 {limit} 之间", "must add up to what lies within {limit}"
    FRACTION = "fraction", "数量乘单价须为整分（两位小数）", "quantity × price has more than two decimal places"
    PART_ONLY = "part_only", "须为其中一部分，不能是全部", "must be a part of it, not all"
    # how it is written
    LIKE = "like", "请按此写法填写：{limit}", "write it like {limit}"
    NUL = "nul", "含有无法保存的字符（U+0000）", "must not contain the character U+0000"
    PHONE = (
        "phone",
        "不是电话号码，写法如 138 0000 0000、021-5555 0000",
        "must be a phone number, for example 138 0000 0000 or 021-5555 0000",
    )
    PLATE = "plate", "不是车牌号，写法如 沪A12345", "must be a plate, for example 沪A12345"
    VIN = (
        "vin",
        "不是车架号，须为 17 位字母和数字",
        "must be a VIN of 17 letters and digits",
    )
    ID_NUMBER = (
        "id_number",
        "不是身份证号，须为 18 位",
        "must be an id number of 18 digits",
    )
    MAIL = (
        "mail",
        "不是邮箱地址，写法如 name@example.com",
        "must be a mail address, for example name@example.com",
    )
    CHECK_DIGIT = "check_digit", "有一位写错，或有两位颠倒", "one digit is wrong, or two are swapped"
    HOURS = (
        "hours",
        "须为七天的时段，至少一天有时段，写法如 09:00-12:00，先后不重叠",
        "must be the hours of seven days, written 09:00-12:00, that follow each other",
    )
    # tables and lists
    BROKEN_ROW = (
        "broken_row",
        "此行不是有效的 CSV，请查找未闭合的引号",
        "is not well-formed CSV: look for an unclosed quotation mark",
    )
    TOO_MANY_CELLS = "too_many_cells", "此行的单元格多于表头", "has more cells than there are headings"
    BAD_CELL = (
        "bad_cell",
        "此行有单元格超过 {limit} 个字符，或含有无法保存的字符",
        "has a cell with the character U+0000, or of more than {limit} characters",
    )
    UNKNOWN_COLUMN = "unknown_column", "没有这一列（第 {limit} 列）", "column {limit} is not known here"
    MISSING_COLUMN = "missing_column", "缺少此列：{limit}", "the column {limit} is missing"
    CURSOR = "cursor", "列表已变动，请从头重新载入", "use `next` of the part before, unchanged"

    # what pydantic finds
    MISSING = "missing", "必填", "is missing"
    EXTRA_FORBIDDEN = "extra_forbidden", "此项不被接受，请去掉", "is not known here: leave it out"
    JSON_INVALID = "json_invalid", "格式不正确", "is not well-formed JSON"
    NONE_REQUIRED = "none_required", "此项须为空", "must be null"
    STRING_TOO_SHORT = "string_too_short", "至少 {limit} 个字符", "must have at least {limit} characters"
    STRING_TOO_LONG = "string_too_long", "最多 {limit} 个字符", "must have at most {limit} characters"
    STRING_PATTERN_MISMATCH = "string_pattern_mismatch", "格式不正确", "must match {pattern}"
    TOO_SHORT = "too_short", "至少 {limit} 项", "must have at least {limit} items"
    TOO_LONG = "too_long", "最多 {limit} 项", "must have at most {limit} items"
    GREATER_THAN = "greater_than", "须大于 {limit}", "must be greater than {limit}"
    GREATER_THAN_EQUAL = "greater_than_equal", "不得小于 {limit}", "must be at least {limit}"
    LESS_THAN = "less_than", "须小于 {limit}", "must be less than {limit}"
    LESS_THAN_EQUAL = "less_than_equal", "不得大于 {limit}", "must be at most {limit}"
    MULTIPLE_OF = "multiple_of", "须为 {limit} 的倍数", "must be a multiple of {limit}"
    DECIMAL_MAX_DIGITS = "decimal_max_digits", "最多 {limit} 位数字", "must have at most {limit} digits"
    DECIMAL_MAX_PLACES = "decimal_max_places", "最多 {limit} 位小数", "must have at most {limit} decimal places"
    DECIMAL_WHOLE_DIGITS = "decimal_whole_digits", "整数部分位数过多", "has too many digits before the point"
    LITERAL_ERROR = "literal_error", "不在可选范围内", "must be {expected}"
    ENUM = "enum", "不在可选范围内", "must be {expected}"
    UNION_TAG_INVALID = "union_tag_invalid", "种类不在可选范围内", "must be one of {expected_tags}"
    UNION_TAG_NOT_FOUND = "union_tag_not_found", "请说明种类", "must say its kind in {discriminator}"
    TIMEZONE_AWARE = (
        "timezone_aware",
        "请填写带时区的时间",
        "must carry an offset from UTC, as in 2026-02-13T17:50:00+08:00",
    )
    VALUE_ERROR = "value_error", "填写不符合要求，请核对", "is not valid"
    # by the beginning of the kind, where several say the same
    ANY_UUID = "uuid", "编号格式不正确", "must be a UUID"
    ANY_DATETIME = "datetime", "请填写有效的日期和时间", "must be an instant, as in 2026-02-13T17:50:00+08:00"
    ANY_DATE = "date", "请填写有效的日期", "must be a date, as in 2026-02-13"
    ANY_TIME = "time", "请填写有效的时间", "must be a time of day, as in 17:50"
    ANY_INT = "int", "请填写整数", "must be a whole number"
    ANY_FLOAT = "float", "请填写数字", "must be a number"
    ANY_FINITE = "finite", "请填写数字", "must be a finite number"
    ANY_DECIMAL = "decimal", "请填写数字", "must be a decimal number"
    ANY_BOOL = "bool", "请选择是或否", "must be true or false"
    ANY_STRING = "string", "请填写文字", "must be text"
    ANY_LIST = "list", "格式不正确", "must be a list"
    ANY_TUPLE = "tuple", "格式不正确", "must be a list"
    ANY_SET = "set", "格式不正确", "must be a list"
    ANY_FROZEN = "frozen", "格式不正确", "must be a list"
    ANY_DICT = "dict", "格式不正确", "must be an object"
    ANY_MODEL = "model", "格式不正确", "must be an object"
    ANY_URL = "url", "请填写完整的网址", "must be an absolute URL"

    @classmethod
    def of(cls, code: str) -> Wrong:
        """The kind of a code: of its name, else of its beginning; `VALUE_ERROR` where nothing more is known."""
        found = (kind for name in (code, code.partition("_")[0]) for kind in cls if kind.value == name)
        return next(found, cls.VALUE_ERROR)

    def at(self, pointer: str, detail: str | None = None, *, limit: object = None) -> FieldError:
        """A place where this is wrong; `detail` says more in English than the sentence of the kind."""
        found = FieldError(pointer=pointer, detail=detail or self.en.format(limit=limit), code=self.value)
        return found if limit is None else {**found, "limit": str(limit)}

    def error(self, detail: str | None = None, *, limit: object = None) -> PydanticCustomError:
        """The same for a validator to raise; a ValueError. It must not repeat what was sent."""
        said = self.at("", detail, limit=limit)
        context = {name: value for name, value in said.items() if name in ("detail", "limit")}
        return PydanticCustomError(self.value, "{detail}", context)


def in_chinese(error: Mapping[str, str]) -> str:
    """What is wrong at a kept place, in Chinese; its detail where it was kept without a code."""
    if "code" not in error:
        return error["detail"]
    return Wrong.of(error["code"]).zh.replace("{limit}", error.get("limit", ""))
