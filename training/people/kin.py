"""Words for relatives as they stand in names (`Aunt Pia`, `老妈`), in the languages of the exports we read.

Knows no chat. A surname before 哥, 姐, 叔 or 阿姨 is Chinese politeness to anybody, and no kinship.
"""

import re

_MAIN = (
    "mum mom mam mummy mommy mama mamma mami mutti mutter maman maman mãe mamãe mamá madre mother ma"
    " dad daddy papa papá papà pap papi vati vater père pai babbo father pa da"
    " grandma grandmother granny gran nan nana nanna grandpa grandfather grandad granddad gramps"
    " oma opa omi opi mamie mémé papi papy pépé abuela abuelo abuelita nonna nonno avó avô vovó vovô babcia dziadek"
    " auntie aunty aunt uncle tante onkel oncle tía tío tia tio zia zio ciocia wujek"
    " sister sis brother bro bruder schwester frère sœur soeur hermano hermana irmão irmã fratello sorella zus broer"
    " cousin cousine primo prima nephew niece son daughter husband wife hubby wifey"
    " мама папа мать отец бабушка дедушка тётя тетя дядя брат сестра муж жена сын дочь"
    " anne baba babaanne anneanne dede abla ağabey teyze amca"
)
_AMBIGUOUS = "ma pa da pap papi mam nan nana bro sis son anne baba prima primo tia tio dede"
_ONLY_WHOLE = frozenset(_AMBIGUOUS.split())
"""Words that are also given names, or mere address among friends: kin only when they are the whole name."""
_WORDS = frozenset(_MAIN.split())

_CHINESE = re.compile(
    r"(我?的?(亲爱的)?)?(老?[妈媽爸]|[妈媽]{2}|爸{2}|[妈媽]咪|爹地?|娘|母亲|父亲|爷爷|奶奶|爺爺|外公|外婆|姥姥|姥爷|阿嬷|阿公|阿妈|阿媽|阿爸"
    r"|[大二三四小老]?(哥哥?|姐姐?|弟弟?|妹妹?)|[大二三四小]?(姑姑?|姨妈?|叔叔?|舅舅?|伯伯?|舅妈|舅媽|婶婶?|姑妈|姑父|姨父|姨夫|嫂子?)"
    r"|[表堂][哥姐弟妹]|老公|老婆|媳妇|儿子|兒子|女儿|女兒|闺女|岳父|岳母|公公|婆婆|丈母娘|家人)(大人|的?手机|[2２二]|\d)?"
)
_JAPANESE_KOREAN = re.compile(
    r"(お?(母|父|兄|姉|祖母|祖父|ばあ|じい|かあ|とう|にい|ねえ)(さん|ちゃん)?|ママ|パパ|おばあちゃん|おじいちゃん|妹|弟"
    r"|(우리 ?)?(엄마|아빠|할머니|할아버지|누나|언니|오빠|형|동생|이모|삼촌|고모)♥?)"
)

_BARE = re.compile(
    r"(?:\b(my|your|ur|his|her|their|whose|the|a|an|another|some|every|any|no|that|this|\w+'s)\s+(?:\w+\s+)?)?"
    r"\b(?:mum|mummy|mom|mommy|mama|dad|daddy|papa|grandma|grandpa|granny|grandad|granddad|auntie|aunty|aunt|uncle|oma|opa"
    r"|mamá|papá|maman|mamma|nonna|nonno|abuela|abuelo)\b(?! ?(?:jokes?|jeans|bod|mia)\b)"
)
_CHINESE_BARE = re.compile(
    r"(?<![我你您他她它谁誰人家的大干姑舅姨宝奶辣尼妈媽爸])(?:妈妈?|媽媽?|爸爸?|老妈|老爸|爷爷|奶奶|外婆|外公|姥姥|姥爷|哥哥|姐姐|弟弟|妹妹|姑姑|舅舅|二姨|小姨)"
    r"(?![的呀耶蛋逼祖生宝啊咪们])"
)


def speaks_of_kin(lowered: str) -> bool:
    """Whether a line calls or names a relative as those who share him do: `Mum says`, `妈，我到了`; not `my mum`."""
    if any(match[1] is None for match in _BARE.finditer(lowered)):
        return True
    return not lowered.isascii() and _CHINESE_BARE.search(lowered) is not None


def is_kin_name(name: str) -> bool:
    """Whether somebody called so is a relative: `Mum`, `Aunt Pia`, `妈妈`; not `Nana Mori`, `Bram's mum` or `王哥`."""
    if re.search(r"['’]s?\s", name):
        return False
    plain = "".join(char if char.isalnum() or char.isspace() else " " for char in name).casefold().split()
    if not plain:
        return False
    joined = "".join(plain)
    if _CHINESE.fullmatch(joined) or _JAPANESE_KOREAN.fullmatch(joined):
        return True
    if len(plain) == 1:
        return plain[0] in _WORDS
    return any(word in _WORDS and word not in _ONLY_WHOLE for word in (plain[0], plain[-1]))
