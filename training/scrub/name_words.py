"""Words that are names as well, and words by which people save a contact who has a name of his own. Knows no contact.

The lists are of our own making; a name that is missing here is replaced wherever it stands, which is the safer fault.
"""

from typing import Final

from training.scrub.context import word_set

RELATIONS: Final = word_set(
    "mom mum mama mommy mummy dad daddy papa grandma grandpa granny nana gran oma opa mutti vati mami papi bro",
    "sis brother sister uncle aunt auntie cousin boss babe honey darling love baby hubby wife husband roommate",
    "flatmate neighbor neighbour landlord landlady the dr doctor mr mrs ms miss sir prof professor work home",
    "office school uni gym family team group chat plumber electrician mechanic dentist driver taxi uber barber",
    "hairdresser nurse vet coach teacher tutor cleaner nanny sitter babysitter bank pizza delivery reception",
    "support service client new old phone mobile cell guy girl lady boy man friend",
)
WORDS: Final = word_set(
    "will may mark rose grace hope joy faith bill rob pat sue jack art dean grant chase hunter summer autumn",
    "april june august dawn eve ivy lily daisy olive penny ruby iris violet amber jade pearl sky star angel king",
    "bishop young long short brown white black green gray grey wood stone hill rivers lake field park page cook",
    "baker mason carter price rich love bright day sunday wolf fox bird rock ray jay max frank victor miles drew",
    "gene guy herb nick tony chip cliff dale earnest harry carol bella christian clay don sandy robin lance norm",
    "van so an and de la le von der den bin bud buddy candy cash chance charity cherry colt crystal dick duke",
    "destiny dolly ember fern forest ford gale ginger glen heath honey jewel junior kitty lane lee major mercy",
    "melody merry misty nat noble paris patience peg pepper piper prince prudence reed rusty sage saul scarlet",
    "serena shade skip sonny storm sunny tad trinity trip wade ward wells west woody worth bell best bush case",
    "church cross dear early fish flowers free friend good gold grand great hall hand head high house hunt land",
    "law little lord low marsh martin mills moon moore more mum new north oak pace penn pool pope power powers",
    "rush sharp shell silver singer small smith snow south speed spring steel street strong swan sweet temple",
    "wall walker waters way wild winter wise yes you mai tu da ha hi ok han hang song son sun yang che lang",
    "mercedes bonita luna sol mar cruz flor paz rosa blanca luz rey leon reyes ernst klein gross kurz schwarz",
    "weiss braun sommer herbst vogel fuchs berg stein koch bauer petit blanc noir fleur roman",
)
CALENDAR: Final = word_set("may april june august summer autumn winter spring sunday day dawn sommer herbst")
COMPOUND_SURNAMES: Final = word_set("欧阳 司马 上官 诸葛 慕容 皇甫 令狐 尉迟 夏侯 端木 歐陽 諸葛 司馬")
NOT_NAMES: Final = (
    *("妈", "爸", "爷", "奶", "哥", "姐", "弟", "妹", "叔", "姨", "舅", "公", "婆", "老师", "老板", "同学", "客服"),
    *("师傅", "師傅", "媽", "爺", "老師", "老闆", "同學"),
)
CHINESE_WORDS: Final = word_set(
    "阳光 方便 高兴 马上 安静 文静 明天 今天 晚安 白天 黄金 江山 成功 时间 关心 任何 方向 温暖 高峰 石头 包子",
    "毛病 牛奶 王子 王者 花生 应该 商量 于是 向前 常见 何必 何处 何况 文明 和平 光明 建国 国庆 海洋 永远 自然",
    "春天 夏天 秋天 冬天 太阳 月亮 星星 快乐 开心 幸福 自由 随风 平安 平凡 如意 吉祥 可乐 宝贝 宝宝 亲爱的",
    "老婆 老公 房东 中介 快递 外卖 物业 保安 司机 老家 公司 单位 同事 朋友 客户 邻居 家人 家里 新号 小号 大号",
    "微信 电话 手机 学校 班长 班主任 领导 秘书 前台 小雨 大雨 小雪 大雪 春雨 晓得 明白 明显 明星 明年 永久",
    "长江 黄河 东方 南方 北方 西方 金子 银行 红旗 红星 思想 思考 美丽 美好 漂亮 聪明 健康 富贵 富强 国家 国际",
    "志愿 志气 文化 文学 文字 海军 海外 海边 天天 天下 天空 天气 天真 小心 小时 小说 大家 一一 一生 一样 可以",
    "可能 可爱 可心 如果 如此 若是 所以 希望 期待 梦想 未来 未必 清楚 清明 清晨 晴天 雨天 雪花 花开 云南 山东",
    "山西 河南 河北 湖南 湖北 江南 海南 中华 中国 中秋 元旦 新年 新春 立春 立夏 立秋 白云 白雪 罗马 马力 高山",
    "安心 安全 安排 安宁 康复 程度 成长 成就 成绩 平时 平静 平常 时常 时光 经常 连续 连接 全部 全面 万一 万岁",
    "万能 千万 千金 元宵 毛巾 毛衣 黄昏 黄瓜 蓝天 青春 青年 青山 绿茶 金鱼 金额 钱包 钱财 唐诗 宋词 史诗 水果",
    "水平 冰冰 雷雨 路人 路过 路上",
)
