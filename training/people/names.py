"""What the name of a contact or a group says by itself: a business, an office, work, a family. Knows no chat.

Word lists from general knowledge, in English, Chinese and some neighbours.
"""

import re

from training.people.kin import is_kin_name

_BUSINESS = """
    ltd llc inc gmbh corp plc co company bros sons reception desk clinic dental dentist surgery hospital pharmacy
    library museum school university council bank insurance hotel hostel airbnb restaurant caf[eé] pizzeria bakery
    shop store market garage motors taxi cab removals movers lettings estates? realty realtor landlord landlady
    plumb(?:er|ing) electrician builder carpenter painter cleaner locksmith handyman delivery courier support
    services? helpdesk sales studios? gallery salon barber hairdresser gym vet veterinary agency agent rentals? tours?
    travel parking utilities energy telecom supplies praxis werkstatt vermieter hausverwaltung farmacia"""
_CHINESE_BUSINESS = """
    客服 公司 快递 快遞 外卖 中介 银行 酒店 宾馆 民宿 物业 小店 旗舰店 专卖 诊所 医院 房东 师傅 装修 保险 代购 搬家 保洁
    月嫂 驾校 理发 美容 健身房 餐厅 饭店 超市 药房 旅行社 房产 链家 贝壳 4s店 卖家 买家 房客 租客 .店$"""
_WORK = """
    work boss manager hr team office colleagues? intern dev design marketing finance engineering project standup ops
    editor editorial dept department staff crew kolleg\\w* arbeit chef bureau trabajo jefe"""
_CHINESE_WORK = """
    同事 老板 经理 主管 总监 领导 部门 项目 专案 工作群 公司群 部群 组群 技术部 市场部 财务 人事 行政 产品部 运营 研发
    实习 办公室 ^.{1,3}[总總]$ ^.{1,3}(?:工|组长|主任|部长|科长|处长|局长)$"""
_FAMILY = "family fam familie famille familia famiglia cousins siblings kids parents home"
_CHINESE_FAMILY = "семья 一家人 家人 家族 大家庭 我们家 家庭 亲戚 兄弟姐妹 가족"

_SURNAME_POINTS, _CHINESE_SURNAME_POINTS = 3.0, 1.0
_CHINESE_NAME = re.compile(r"[一-鿿]{2,4}")


def _any_of(words: str, chinese: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})\b|{'|'.join(chinese.split())}", re.IGNORECASE)


_BUSINESS_NAME = _any_of(_BUSINESS, _CHINESE_BUSINESS)
_WORK_NAME = _any_of(_WORK, _CHINESE_WORK)
_FAMILY_NAME = _any_of(_FAMILY, _CHINESE_FAMILY)


def is_business(name: str) -> bool:
    """A shop, an office, a trade: `Northside Removals`, `链家小刘`."""
    return _BUSINESS_NAME.search(name) is not None


def is_work_name(name: str) -> bool:
    """A contact or a group that the owner names by work: `Ana (work)`, `张总`, `Design team`."""
    return _WORK_NAME.search(name) is not None


def is_family_group(name: str) -> bool:
    """`The Lees - family`, `幸福一家人`, `Mum & Dad`."""
    parts = [part.strip() for part in re.split(r"[&+,/、和]| and ", name) if part.strip()]
    return _FAMILY_NAME.search(name) is not None or (bool(parts) and all(map(is_kin_name, parts)))


def is_number(name: str) -> bool:
    """Nobody's name: a phone number, an id."""
    return not any(char.isalpha() for char in name)


def surname_points(name: str, owner_name: str) -> float:
    """Points for sharing the owner's surname, 0 when not: much in most languages, little among Chinese names."""
    theirs, mine = name.split(), owner_name.split()
    if len(theirs) > 1 and len(mine) > 1 and theirs[-1].casefold() == mine[-1].casefold():
        return _SURNAME_POINTS
    both = _CHINESE_NAME.fullmatch(name) and _CHINESE_NAME.fullmatch(owner_name)
    return _CHINESE_SURNAME_POINTS if both and name[0] == owner_name[0] else 0.0
