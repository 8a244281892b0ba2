"""The words of a complaint are listed and published without its people (P05.15)."""

from __future__ import annotations

import pytest
from complaint.intake.redaction import redact


@pytest.mark.rule("P05.15")
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("请回电13800138000, 谢谢", "请回电[电话], 谢谢"),
        ("电话是 138-0013-8000", "电话是 [电话]"),
        ("打+86 138 0013 8000", "打[电话]"),
        ("座机021-55550000转8", "座机[电话]转8"),
        ("打了400-820-8820没人接", "打了[电话]没人接"),
        ("车牌沪A12345的车", "车牌[车牌]的车"),
        ("新能源粤B·D12345", "新能源[车牌]"),
        ("車牌滬A12345的車", "車牌[车牌]的車"),
        ("教练车粵B1234學", "教练车[车牌]"),
        ("车牌沪a12345的车", "车牌[车牌]的车"),
        ("车牌沪Ａ·１２３４５的车", "车牌[车牌]的车"),
        ("车架号LSVAU2180N2183294", "车架号[车架号]"),
        ("身份证310101199001011234", "身份证[号码]"),
        ("写信到 someone@example.com", "写信到 [邮箱]"),
        ("寄到, 上海市浦东新区世纪大道100号3栋502室", "寄到, [地址]"),
        ("１３８００１３８０００全角", "[电话]全角"),
    ],
)
def test_what_points_at_a_person_is_replaced(said: str, kept: str) -> None:
    assert redact(said) == kept


@pytest.mark.rule("P05.15")
def test_a_name_is_found_by_the_other_fields() -> None:
    assert redact("王小芳投诉, 王小芳很生气", [("王小芳", "[姓名]")]) == "[姓名]投诉, [姓名]很生气"


@pytest.mark.parametrize(
    "said",
    [
        "2020款 2.5L 蓝天运动版 B柱异响",
        "故障码 P0420 和 H93,H15",
        "全新model3s",
        "行驶 12345 公里, 2020-06-08 购买, 花费 158000 元",
        "订单20200608001234567有误差",
    ],
)
def test_facts_about_the_car_stay(said: str) -> None:
    assert redact(said) == said
