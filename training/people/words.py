"""What people say to family, friends, colleagues and strangers: word lists of English, Chinese and some neighbours.

From general knowledge of the languages, fitted to nobody's chats. Counted per line, never kept: `kinds_of` says which
kinds of word a line holds. Knows no contact.
"""

import re
from collections.abc import Mapping
from typing import Literal, cast

from training.people.kin import speaks_of_kin

Kind = Literal["kin", "affection", "casual", "friend", "work", "service", "formal", "introduction"]

_WORDS: dict[Kind, str] = {
    "affection": """
        darling sweetheart sweetie honey babe hugs xx xxx xoxo kisses schatz liebling chéri chérie cariño amor
        tesoro""",
    "casual": """
        lol lmao lmfao rofl haha hahaha hahahaha hehe heh xd omg omfg wtf tbh idk idc ngl imo btw rn ur u r ya yeah yep
        yup nah nope gonna wanna gotta kinda dunno cos cuz lemme ugh meh yay yikes ffs ikr smh jk pls plz thx k kk jaja
        jajaja mdr ptdr kek hhh hhhh hhhhh""",
    "friend": """
        mate dude bro bruh man guys homie fam gurl bestie lads pal buddy beer beers pint pub gig party drunk hungover
        hangover movie gaming steam fuck fucking fucked shit shitty bloody hell damn crap ass idiot legend crush tinder
        date ex tonight""",
    "work": """
        meeting meetings deadline deadlines report reports client clients draft drafts deck slides standup sprint
        ticket tickets deploy deployment release review reviews budget agenda minutes quarterly shift shifts rota office
        boss manager colleague colleagues team project projects spec spreadsheet proposal stakeholders onboarding
        timesheet presentation workshop hr intern kpi roadmap milestone invoice invoices conference handover backlog
        repo branch merge staging prod editor campaign payroll besprechung projekt kunde réunion reunión""",
    "service": """
        appointment booking reservation reserve deposit quote quotation delivery deliver deliveries order orders refund
        receipt payment pay paid price prices fee fees available availability viewing tenancy lease landlord tenant
        repair repairs warranty estimate invoice customer customers shop store opening parcel courier pickup collect
        collection stock discount reference account listing advert ad seller buyer cash paypal transfer policy
        application confirm confirmed confirmation enquiry inquiry regarding catalogue item items""",
    "formal": """
        sir madam mr mrs ms miss dr regards sincerely faithfully please kindly apologies apologise apologize
        inconvenience grateful appreciate pleased thank assist assistance sehr geehrte geehrter grüße madame monsieur
        cordialement señor señora usted saludos""",
}
_PHRASES: dict[Kind, str] = {  # one expression a line
    "introduction": r"""
        \bmy name is\b
        \bi(?: a|')m (?:calling|writing|contacting|getting in touch)
        \bthis is \w+(?: \w+)? (?:from|at)\b
        \bi (?:saw|found|got) your (?:ad|advert|listing|number|post|profile|name|email|address|card|website|details)\b
        \bis (?:this|it|that) still (?:available|for sale)
        \bgot your (?:number|name|contact) from\b
        \bwe(?: have)? met (?:at|on)\b
        \bthanks? (?:you )?for (?:contacting|your (?:message|enquiry|inquiry|interest|order|e-?mail|reply|custom))
        \b(?:do|would) you (?:still )?(?:have|sell|offer|accept|ship)\b
        \bich habe ihre?\b""",
    "formal": r"""
        \bgood (?:morning|afternoon|evening|day)\b
        \b(?:kind|best) regards|\bbest wishes|\byours (?:truly|sincerely)
        \blook(?:ing)? forward to
        \blet me know if you
        \bwould you be (?:able|so kind|interested)
        \bcould you please
        \bdear (?:mr|ms|mrs|sir|all|customer|\w+,)""",
    "affection": r"""
        \b(?:love|miss) (?:you|u|ya)\b
        \blots of love\b
        \bgive \w+ (?:a hug|my love|a kiss)
        [❤😘🥰😍💕]""",
    "work": r"""
        \bsign(?:ed)? off\b
        \bper my last\b
        \bout of office\b
        \bfollow up\b
        \baction items?\b
        \b(?:working from home|wfh|eod|cob|asap)\b""",
    "friend": r"""
        \bhang out\b
        \bcome over\b
        \bwanna (?:go|come)\b
        \byou coming\b
        \bup for (?:a|some)\b
        \bsee you there\b
        \bnight out\b""",
    "casual": r"""
        [😂🤣😭💀🙃]
        ha(?:ha)+
        \blo+l\b""",
}
_CHINESE: dict[Kind, str] = {  # expressions between spaces
    "affection": """
        爱你 愛你 想你了 么么 抱抱 亲亲 老公 老婆 宝贝 寶貝 乖 多穿 注意身体 早点睡 按时吃饭 记得吃饭 回家吃饭
        给你留了?饭 钱够不?够?花?吗""",
    "casual": """
        哈哈 嘻嘻 嘿嘿 呵呵 hhh 笑死 哭死 救命 绝了 離譜 离谱 牛逼 牛批 卧槽 我靠 我去 尼玛 特么 妈的 yyds 无语 無語
        啊啊 呜呜 嗯呐 好滴 好哒 咋 啥 唉 草[!！]?$""",
    "friend": """
        兄弟 哥们 哥們 姐妹们? 闺蜜 死党 宝子 老铁 约饭 撸串 喝酒 火锅 开黑 上号 排位 王者 吃鸡 打球 蹦迪 唱k 八卦
        吃瓜 吐槽 摸鱼 剧本杀 电影 演唱会 脱单 相亲 请客 出来玩""",
    "work": """
        开会 開會 会议 會議 项目 專案 方案 甲方 需求 上线 上線 加班 客户 客戶 汇报 匯報 周报 日报 月报 排期 领导 文档
        出差 报销 同事 部门 老板 经理 主管 评审 复盘 对接 进度 ppt 群里同步 绩效 工位 考勤 请假 工单 测试环境 接口
        代码 发版 审批 交接 立项 预算""",
    "service": """
        价格 多少钱 怎么卖 下单 发货 發貨 快递 快遞 预约 預約 押金 租金 看房 包邮 退款 退货 售后 尾款 定金 报价 发票
        取件 上门 安装 维修 地址发 到店 营业 客服 订单 訂單 现货 优惠 付款 收款码 转账给您""",
    "introduction": """
        (?:你好|您好)[,，!！]*(?:我是|请问|想咨询|想问) 请问(?:是|您|你们|还|有) 打扰(?:了|一下|您)
        (?:是|从).{1,8}(?:介绍|推荐)(?:我)?(?:来|加|的) 加(?:一下|您)(?:微信|好友) 我通过了你的 还在(?:卖|租|出)吗
        怎么称呼""",
    "formal": """
        您 尊敬的 先生 女士 贵公司 贵司 麻烦 辛苦了 感谢 請(?![客假]) 请(?![客假]) 烦请 劳驾 此致 祝好 收到[。!！]?$""",
}
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def _by_word(listed: Mapping[Kind, str]) -> dict[str, tuple[Kind, ...]]:
    kinds: dict[str, tuple[Kind, ...]] = {}
    for kind, words in listed.items():
        for word in words.split():
            kinds[word] = (*kinds.get(word, ()), kind)
    return kinds


def _one_pattern(expressions: Mapping[Kind, list[str]]) -> re.Pattern[str]:
    """All in one; the name of the group that matches is the kind."""
    return re.compile("|".join(f"(?P<{kind}>{'|'.join(listed)})" for kind, listed in expressions.items()))


_KINDS = _by_word(_WORDS)
_PHRASE = _one_pattern({kind: [one.strip() for one in text.strip().splitlines()] for kind, text in _PHRASES.items()})
_CHINESE_PHRASE = _one_pattern({kind: text.split() for kind, text in _CHINESE.items()})


def kinds_of(text: str) -> set[Kind]:
    """Which kinds of word this line holds, each once."""
    lowered = text.lower().replace("’", "'")
    kinds: set[Kind] = set()
    for word in _TOKEN.findall(lowered):
        kinds.update(_KINDS.get(word, ()))
    kinds.update(cast(Kind, match.lastgroup) for match in _PHRASE.finditer(lowered))
    if not lowered.isascii():
        kinds.update(cast(Kind, match.lastgroup) for match in _CHINESE_PHRASE.finditer(lowered))
    if speaks_of_kin(lowered):
        kinds.add("kin")
    return kinds
