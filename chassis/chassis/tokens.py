"""Keyed tokens: what must be compared between services travels as an HMAC of its canonical form, never as itself."""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from pathlib import Path

import phonenumbers
from contracts.customer import TokenKind

REGION = "CN"
LENGTH = 16

# every way of writing a separator within a number, and the full-width digits and plus
_SEPARATORS = re.compile(r"[\s\-‐-―−().（）·•/\\_]+")
_WIDE = str.maketrans("０１２３４５６７８９＋", "0123456789+")
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
_SERVICE = re.compile(r"(?:\+86|0086|86)?0?([48]00\d{7})")
_EXTENSION = re.compile(r"(?:转|轉|分机|分機|ext\.?|x|#|,|;).*$", re.IGNORECASE)
_PLATE = re.compile(r"[一-鿿]?[A-Z][A-Z0-9]{4,6}[A-Z0-9一-鿿]?")
#: provinces, and what stands at the end of some plates, in traditional script: the same plate as in simplified script
_SIMPLIFIED = str.maketrans("滬粵遼蘇魯雲貴陝寧贛瓊晉閩學掛領臨應", "沪粤辽苏鲁云贵陕宁赣琼晋闽学挂领临应")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_ID_NUMBER = re.compile(r"\d{17}[0-9X]")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class NotCanonical(ValueError):
    """The text is not of the kind it is said to be; the message never repeats it."""

    def __init__(self, kind: TokenKind) -> None:
        super().__init__(f"this is not a {kind.value.replace('_', ' ')}")
        self.kind = kind


def canonical(kind: TokenKind, raw: str) -> str:
    """The one way of writing the value; `NotCanonical` when it is not of the kind.

    Phones become E.164 (a number without a country is Chinese); a number that could be dialled is taken
    even where its range is not assigned. Extensions are left out: they belong to the line. Plates become simplified
    script.
    """
    match kind:
        case TokenKind.PHONE:
            return _phone(raw)
        case TokenKind.PLATE:
            return _matching(kind, _PLATE, _bare(raw).translate(_SIMPLIFIED))
        case TokenKind.VIN:
            return _matching(kind, _VIN, _bare(raw))
        case TokenKind.VIN6:
            return _matching(TokenKind.VIN, _VIN, _bare(raw))[-6:]
        case TokenKind.ID_NUMBER:
            return _matching(kind, _ID_NUMBER, _bare(raw))
        case TokenKind.MAIL:
            return _matching(kind, _MAIL, unicodedata.normalize("NFKC", raw).strip().lower())


def _phone(raw: str) -> str:
    if len(raw) > 60:
        raise NotCanonical(TokenKind.PHONE)
    digits = _SEPARATORS.sub("", raw.translate(_WIDE))
    mobile = _MOBILE.fullmatch(digits)
    if mobile is not None:
        return "+86" + mobile[1]
    digits = _EXTENSION.sub("", digits)
    service = _SERVICE.fullmatch(digits)  # 400 and 800 numbers, which the library does not know in full
    if service is not None:
        return "+86" + service[1]
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    try:
        number = phonenumbers.parse(digits, REGION)
    except phonenumbers.NumberParseException:
        raise NotCanonical(TokenKind.PHONE) from None
    elsewhere = number.country_code != 86 and not digits.startswith("+")  # digits taken for another country's code
    if elsewhere or not phonenumbers.is_possible_number(number):
        raise NotCanonical(TokenKind.PHONE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _bare(raw: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", raw)).upper()


def _matching(kind: TokenKind, pattern: re.Pattern[str], value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise NotCanonical(kind)
    return value


class Tokens:
    """Makes tokens with the key that services share; two keys are valid while one is being rotated."""

    def __init__(self, keys: list[tuple[str, bytes]]) -> None:
        if not 1 <= len(keys) <= 2 or any(len(key) < 32 for _, key in keys):
            raise ValueError("token keys: one or two keys of at least 32 bytes, the current one first")
        self._keys = keys
        # an HMAC that has taken in its key once is copied for every value: half the cost
        self._primed = [hmac.new(key, digestmod="sha256") for _, key in keys]

    @classmethod
    def load(cls, path: Path) -> Tokens:
        """From a file `{"keys": [{"id": "t1", "key": "<base64>"}]}`; ValueError or OSError when it is unfit."""
        try:
            content = json.loads(path.read_text())
            keys = [(str(entry["id"]), base64.b64decode(entry["key"], validate=True)) for entry in content["keys"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: not a file of token keys ({type(error).__name__})") from None
        return cls(keys)

    @property
    def current_id(self) -> str:
        """The id of the key that new tokens are made with."""
        return self._keys[0][0]

    def token(self, kind: TokenKind, raw: str) -> bytes:
        """The token under the current key, 16 bytes; `NotCanonical` when the value is not of the kind."""
        return self._of(0, kind, canonical(kind, raw))

    def all(self, kind: TokenKind, raw: str) -> list[tuple[str, bytes]]:
        """The token under every valid key, with the key's id, the current one first."""
        value = canonical(kind, raw)
        return [(name, self._of(n, kind, value)) for n, (name, _) in enumerate(self._keys)]

    def _of(self, n: int, kind: TokenKind, value: str) -> bytes:
        mac = self._primed[n].copy()
        mac.update(f"{kind.value}\0{value}".encode())
        return mac.digest()[:LENGTH]
