"""Complaint forms as callers would send them: many distinct callers, texts of real length."""

from __future__ import annotations

import itertools
import json
import random

_TEXTS = (
    "发动机异响, 冷车启动时尤其明显, 4S店检查多次没有结果, 要求彻底解决并给出书面说明。",
    "变速箱低速顿挫, 升级程序后仍然存在, 影响行车安全, 已经第三次进店, 请尽快联系处理。",
    "购车时承诺的赠品一直没有兑现, 销售顾问推诿, 希望门店按合同履行并道歉。",
    "车机系统经常黑屏, 倒车影像无法使用, 送修两周仍未修复, 期间没有提供代步车。",
)


class Forms:
    """Makes requests; about one caller in fifty has called before."""

    def __init__(self, token: str, seed: int = 1, known: int = 0) -> None:
        self._random = random.Random(seed)
        self._count = itertools.count(1)
        self._token = token
        self._run = self._random.randrange(10**6)
        self._known = known

    def phone(self, n: int) -> str:
        """A number in a range that is assigned to nobody."""
        return f"100{n % 10**8:08d}" if n < 0 else f"1990{n % 10**7:07d}"

    def body(self) -> bytes:
        n = next(self._count)
        rnd = self._random
        caller = rnd.randrange(5_000_000)
        return json.dumps(
            {
                "branch": f"branch-{rnd.randrange(200)}",
                "region": "east",
                "channel": "phone",
                "caller": {"name": "测试人", "phone": self.phone(caller), "address": None},
                "vehicle": {
                    "brand": "品牌",
                    "series": "轩逸",
                    "model": "2020款 1.6L",
                    "model_year": 2020,
                    "plate": f"沪A{rnd.randrange(36**5) % 100000:05d}" if n % 5 == 0 else None,
                    "vin": None,
                },
                "text": rnd.choice(_TEXTS) * 2,
                "demand": "退换",
                "fault_codes": ["H93", "H15"],
            },
            ensure_ascii=False,
        ).encode()

    def request(self) -> bytes:
        """One POST /v1/complaints as it goes over the wire."""
        body = self.body()
        head = (
            "POST /v1/complaints HTTP/1.1\r\nHost: kehu\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._token}\r\nIdempotency-Key: {self._run}-{next(self._count)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
