"""The scrub should find what is private, of every kind and wherever it is glued, and leave what only looks so."""

import pytest

from model_server.placeholders import KINDS
from training.scrub.config import ScrubConfig
from training.scrub.scrubber import Scrubber

SCRUBBER = Scrubber(ScrubConfig(), [], b"a key of this test")


def marked(text: str, before: str = "") -> str:
    """The line with what was found in it marked: `call <phone:13900001234>`."""
    shown, at = "", 0
    for found in SCRUBBER.scrub(text, before).findings:
        shown += f"{text[at : found.start]}<{found.kind}:{text[found.start : found.end]}>"
        at = found.end
    return shown + text[at:]


@pytest.mark.parametrize(
    "line",
    [
        "发到<email:li@example.com>谢谢",
        "我用<email:ｘｉａｏ＠ｅｘａｍｐｌｅ．ｃｏｍ>",
        "it's <email:jane (at) example dot org>",
        "手机<phone:13900001234>打我",
        "手机：<phone:１３９－００００－１２３４>",
        "<phone:139 0000 1234> or <phone:138.0000.4321>",
        "<phone:13900001234>/<phone:13800004321>",
        "call <phone:(202) 555-0147> or <phone:+44 20 7946 0123>",
        "my number <phone:415-555-0132> <phone:212-555-0147>",
        "Ruf an: <phone:030 23125 123>",
        "appelle-moi au <phone:06 12 34 56 78>",
        "wa.me/<phone:447700900123>",
        "座机<phone:010-55551234>",
        "卡号<card:6222021234567890128>转我",
        "<card:4111 1111 1111 1111> is the test one",
        "<card:４１１１１１１１１１１１１１１１>",
        "amex <card:3782-822463-10005>",
        "2024 <card:4111-1111-1111-1111>",
        "IBAN<iban:DE89 3704 0044 0532 0130 00> und danke",
        "<iban:gb29nwbk60161331926819>",
        "身份证<id:11010519491231002X>给你",
        "证号：<id:１１０１０５１９４９１２３１００２Ｘ>",
        "ssn <id:536-90-4399>",
        "dni <id:12345678Z>",
        "NINO <id:AB 12 34 56 C>",
        "hk <id:A123456(3)>",
        "sécu <id:1 85 05 78 006 084 91>",
        "护照号<passport:E12345678>",
        "my passport number is <passport:533401234>",
        "连<ip:203.0.113.99>试试",
        "v6 <ip:2001:db8::8a2e:370:7334>",
        "mac<mac:0c:af:fd:24:42:12>",
        "https://example.com/a?token=<key:8f2Kd91mQz7Lp3Xw>&page=2",
        "https://example.com/reset-password/<key:k3j4h5k6j7h8g9f0d1s2> ok?",
        "postgres://app:<password:s3cret>@db.example.com/prod",
        "key是" + "<key:" + "gh" + "p_" + "a1B2" * 9 + ">别传",
        "the seed phrase: <key:abandon ability able about above absent absorb abstract absurd abuse access accident>",
        "btc <wallet:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4>",
        "taproot <wallet:bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0>",
        "打到<wallet:0x52908400098527886E0F7030069857D2E4169EE7>",
        "旧的<wallet:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2>",
        "wifi密码<password:lanmao888>",
        "WiFi密码是<password:mimi2018>，随便用",
        "密码都是小写<password:abc123>",
        "the wifi password is <password:sunflower>",
        'netflix password is "<password:tango foxtrot>"',
        "Das Passwort ist <password:Sonnenblume7>",
        "mi contraseña es <password:Gatito99>",
        "mon mot de passe : <password:Chaton2020>",
        "gate code is <password:4471#>",
        "your code is <code:482913>",
        "<code:G-739204> is your login code",
        "【银行】验证码<code:482913>，5分钟内有效",
        "card cvv <code:318>",
        "我的车<plate:京A·7K392>",
        "plate <plate:LK19 TZB>",
        "寄到<address:上海市徐汇区漕溪北路88弄5号602室>",
        "来<address:解放路128号>找我",
        "we moved to <address:48 Larkspur Lane, Bristol BS7 9QD>",
        "<address:1907 willow creek dr>",
        "Ich wohne in der <address:Kastanienallee 12, 10435 Berlin>",
        "<address:12 bis, rue de la Paix, 75002 Paris>",
        "<address:Calle de Alcalá 45, 28014 Madrid>",
        "<address:Prinsengracht 263, 1016 GV Amsterdam>",
        "postcode <address:M20 4WX>",
        "my number's<phone:07700900461>",
        "SSN <id:457 56 5463>, ITIN <id:912-78-1234>",
        "DNI <id:45.671.293-D>",
        "passport <passport:12AB34567>",
        "my passport number is <passport:X4RTBPFW4>",
        '{"user": "mira", "password" : "<password:Mang0Lassi>"}',
        "security code <code:1234 5678>",
        "<code:7719> for the login code",
        "验证码多少?\n<code:3391>",
        "認証コードは<code:550193>",
        "<address:東京都世田谷区北沢2丁目24番8号>、<address:〒155-0031>",
        "我住<address:杭州市西湖区文三路259号昌地火炬大厦1201>,你来",
        "<address:2 The Maltings, Leeds LS8 2QT>",
        "ship to\n<address:2215 Quail Hollow Rd\nAustin, TX 78704>",
        "https://docs.google.com/document/d/<key:1aBcD3fGhIjKlMnOpQrStUvWx>/edit?usp=sharing",
        "Passwort fürs WLAN: <password:Sommer!2022>",
        "Der Code vom Tor ist <code:7731>",
        "Türcode <password:7731>",
        "code for the gym door is <code:4711>#",
    ],
)
def test_should_find(line: str) -> None:
    bare = line
    for kind in KINDS:
        bare = bare.replace(f"<{kind}:", "")
    assert marked(bare.replace(">", "")) == line


@pytest.mark.parametrize(
    "line",
    [
        "order 4471920385 shipped, tracking 1Z999AA10123456784",
        "订单号202411030045821993，快递SF1420398856127",
        "单号13900001234，号段13900001234元",
        "see you 18:30, room 1204, flight BA2490",
        "2024-11-03 or 2024-11-10, 24.12.2024 18:30",
        "lost 21-15 21-18, then 6-4 6-7 7-5",
        "$1,249.99 and 12,345,678 won",
        "python 3.11.4, build 22621.2861.10.3, 版本号12.4.0.33, v3.9.10.27",
        "127.0.0.1 and 255.255.255.0 are nobody's",
        "error code 500, zip code 90210, promo code SAVE2024",
        "my password is wrong again, passwords are stupid",
        "密码错误三次锁了，密码是多少",
        "验证码60秒还没到",
        "坐2号线到人民广场，去3号楼等我，人民路那家",
        "5 more people on the road, 8 out of 10",
        "Spring 2026, Am Freitag 12",
        "双色球02 09 13 21 28 31 蓝07",
        "std::vector<int> v, 12:30:45",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1234567890s",
        "https://github.com/a/b/commit/9fceb02d0ae598e95dc970b74767f19372d61af8",
        "icon@2x.png, git@github.com:a/b.git, foo@bar",
        "1234567890 and 0123456789",
        "card 4111 1111 1111 1112 has a wrong digit",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "昨晚打到王者50星,id是3820194857",
        "会议号 482 910 337,不用密码",
        "call of duty 2023 2024 2025",
        "python 3.12.10.1 isn't out",
        '"password": null',
        "my passport expires in 2031, 第三区2-1领先",
    ],
)
def test_should_leave(line: str) -> None:
    assert marked(line) == line


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("what's the code?", "<code:482913>"),
        ("验证码发我", "收到了 <code:550192>"),
        ("家里wifi密码多少", "<password:dongdong66>"),
        ("whats your passport number", "<passport:533401234>"),
        ("what's your number", "<phone:2025550123>"),
        ("what's the password", "i don't know"),
        ("验证码是多少", "看看短信"),
        ("how many came?", "482913"),
    ],
)
def test_should_hear_what_was_asked_before(before: str, line: str) -> None:
    bare = line
    for kind in KINDS:
        bare = bare.replace(f"<{kind}:", "")
    assert marked(bare.replace(">", ""), before) == line
