"""What WhatsApp itself writes into an export, in the languages of its apps: data, and the folding to look it up.

Knows no message. The wording is that of the apps' string tables, as the parser whats_json collected them (iOS 22.24,
Android 2.8), with what later exports show: en de fr es it pt nl ru uk pl tr el sv da nb fi cs hu ro id ms vi th ar he
fa hi ja ko zh. Where a language is missing, the marks that WhatsApp puts around its own words still tell most of them
(see `whatsapp_text`).
"""

import re


def fold(text: str) -> str:
    """A text as it is looked up: small letters, no marks of direction, no full stop at its end."""
    return _MARKS.sub("", text).replace("\u00a0", " ").casefold().strip().strip(".。।").strip()


_MARKS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")


def _folded(block: str) -> frozenset[str]:
    return frozenset(fold(phrase) for line in block.strip().splitlines() for phrase in line.split("|"))


STICKERS = _folded("""
sticker omitted|Sticker weggelassen|sticker omis|sticker absent|sticker omitido|figurinha omitida|sticker não revelado
sticker non incluso|sticker omesso|sticker weggelaten|стикер не добавлен|стикер отсутствует|Наклейку не додано
pominięto naklejkę|Çıkartma dahil edilmedi|αυτοκόλλητο παραλήφθηκε|sticker utesluten|klistermærke udeladt
klistremerke utelatt|tarraa ei sisällytetty|nálepka vynechána|matrica kihagyva|stiker tidak disertakan
pelekat tidak disertakan|đã bỏ sticker|ไม่มีสติกเกอร์|تم حذف الملصقات|סטיקר הושמט|استیکر حذف شد|स्टिकर छोड़ा गया
スタンプは含まれていません|スタンプは省略されました|스티커 제외됨
스티커 생략됨|貼圖已略去|貼圖已忽略|贴图已省略|贴图已忽略
""")

MEDIA = _folded("""
image omitted|video omitted|audio omitted|GIF omitted|document omitted|Contact card omitted|video note omitted|null
live location shared|<Media omitted>|<Video note omitted>|<View once voice message omitted>
Bild weggelassen|Video weggelassen|Audio weggelassen|GIF weggelassen|Dokument weggelassen|Kontaktkarte ausgelassen
Videonachricht weggelassen|Live-Standort wird geteilt|<Medien ausgeschlossen>|<Medien weggelassen>
image absente|vidéo absente|audio omis|GIF retiré|document manquant|Fiche contact manquante|<Médias omis>
Localisation en direct partagée|<Fichier omis>
imagen omitida|Video omitido|audio omitido|GIF omitido|documento omitido|Tarjeta de contacto omitida
ubicación en tiempo real compartida|<Multimedia omitido>|<Archivo omitido>
immagine omessa|video omesso|audio omesso|GIF esclusa|documento omesso|Scheda contatto omessa|<Media omessi>
posizione attuale condivisa|<Media omesso>
imagem ocultada|vídeo omitido|áudio ocultado|GIF omitida|documento omitido|Cartão do contato omitido|<Mídia oculta>
imagem não revelada|vídeo não revelado|ficheiro de áudio não revelado|GIF não revelada|documento não revelado
Contacto não revelado|<Mídia omitida>|<Arquivo de mídia oculto>|<Ficheiro não revelado>
afbeelding weggelaten|video weggelaten|audio weggelaten|GIF weggelaten|document weggelaten|<Media weggelaten>
Visitekaartje weggelaten|live locatie gedeeld
изображение отсутствует|видео отсутствует|аудиофайл отсутствует|аудио отсутствует|GIF отсутствует
документ отсутствует|Карточка контакта отсутствует|<Без медиафайлов>|<Файл пропущен>|Геоданные отправлены
зображення відсутнє|відео відсутнє|аудіо відсутнє|GIF-анімацію пропущено|документ пропущено|Картка контакту відсутня
<Медіа пропущено>|<Без медіафайлів>
obraz pominięty|wideo pominięte|audio pominięte|Plik GIF pominięty|dokument pominięty|Pominięta wizytówka kontaktu
<pominięto multimedia>|<pliki pominięto>
görüntü dahil edilmedi|video dahil edilmedi|ses dahil edilmedi|GIF dahil edilmedi|belge dahil edilmedi
Kişi kartı dahil edilmedi|<Medya dahil edilmedi>|<Medya atlanmış>
εικόνα παραλείφθηκε|βίντεο παραλείφθηκε|ήχος παραλείφθηκε|Παράληψη GIF|έγγραφο παραλείφθηκε
bild utesluten|video utesluten|ljud utelslutet|ljud uteslutet|GIF utesluten|dokument uteslutet|Kontaktkort uteslutet
billede udeladt|video udeladt|lyd udeladt|GIF udeladt|dokument udeladt|Kontaktkort udeladt
bilde ikke inkludert|video utelatt|lyd utelatt|GIF utelatt|utelatt dokument|Kontaktkort sløyfet
ei kuvaa|videota ei sisällytetä|äänitiedostoa ei sisällytetä|GIF-animaatio jätetty pois|dokumenttia ei sisällytetä
obrázek vynechán|video vynecháno|zvukový soubor vynechán|GIF vynechán|dokument vynechán|Vizitka vynechána
kép küldése sikertelen|Videó kihagyva|Hang kihagyása|GIF fájl kihagyása|dokumentum kihagyva|Névjegykártya kihagyva
Imagine omisă|clip video omis|fără audio|GIF omis|document omis|Carte de vizită contact omisă
gambar tidak disertakan|video tidak disertakan|audio tidak disertakan|GIF tidak disertakan|dokumen tidak disertakan
Kartu kontak tidak disertakan|<Media tidak disertakan>|imej tidak dimasukkan|video tidak dimasukkan
audio tidak dimasukkan|GIF tidak dimasukkan|dokumen tidak dimasukkan|Kad kenalan tidak dimasukkan
đã bỏ qua hình ảnh|đã bỏ video|bỏ qua tệp âm thanh|Đã bỏ qua ảnh GIF|đã bỏ qua tài liệu|Bỏ qua thẻ liên lạc
ไม่มีรูปภาพ|วิดีโอถูกลบ|ไม่มีไฟล์เสียง|ละเว้น GIF|ละเว้นเอกสาร|<ไฟล์สื่อถูกลบ>|<สื่อถูกลบ>
لم يتم إدراج الصورة|لم يتم إدراج الفيديوهات|لم يتم إدراج المقاطع الصوتية|لم يتم إدراج صورة GIF|لم يتم إدراج المستند
لم يتم إدراج بطاقة جهة اتصال|<تم استبعاد الوسائط>
התמונה הושמטה|סרטון הווידאו הושמט|קטע קול הושמט|GIF הושמט|מסמך הושמט|כרטיס איש קשר הושמט|<המדיה לא נכללה>
تصویر حذف شد|ویدیو حذف شد|صدا حذف شد|GIF حذف شد|سند حذف شد|<رسانه حذف شد>
फ़ोटो हटाई गई|वीडियो छोड़ा गया|ऑडियो हटाई गयी|GIF छोड़ा गया|डॉक्यूमेंट छोड़ा गया|<मीडिया के बिना>
画像は含まれていません|ビデオは含まれていません|音声は含まれていません|GIFは含まれていません|ドキュメントは含まれていません
連絡先カードを省略|画像は省略されました|動画は省略されました|<メディアは含まれていません>|<メディアなし>
이미지 생략됨|비디오 생략됨|동영상 생략됨|오디오 생략됨|GIF 생략됨|문서 생략됨|연락처 카드 생략됨
<미디어 파일을 생략한 대화내용>|<미디어 파일 제외됨>
圖片已略去|圖像已省略|影片已略去|影片已省略|音訊已略去|音訊已省略|GIF 已略去|文件已略去|聯絡人卡片已省略
照片已忽略|图片已省略|图片已略去|图片已忽略|图像已省略|图像已略去|图像已忽略|视频已略去|音频已略去
文档已略去|文档已忽略|视频已忽略|视频已省略|音频已忽略|音频已省略|GIF 动态图已被忽略|文件已忽略|文档已省略
联系人卡片已忽略|<省略影音内容>|<省略多媒体文件>|<忽略多媒體檔>|<省略多媒體檔案>|<媒体省略>
""")

OWN_DELETED = _folded("""
You deleted this message|Du hast diese Nachricht gelöscht|Vous avez supprimé ce message|Eliminaste este mensaje
Hai eliminato questo messaggio|Você apagou esta mensagem|Apagou esta mensagem|U hebt dit bericht verwijderd
Je hebt dit bericht verwijderd|Вы удалили это сообщение|Вы удалили данное сообщение|Ви видалили це повідомлення
Usunąłeś(-ęłaś) tę wiadomość|Usunąłeś(aś) tę wiadomość|Bu mesajı sildiniz|Διαγράψατε αυτό το μήνυμα
Du har tagit bort meddelandet|Du raderade det här meddelandet|Du slettede denne besked|Du har slettet denne besked
Du slettet denne meldingen|Poistit tämän viestin|Tuto zprávu jste smazal/a|Tuto zprávu jste odstranil/a
Törölted ezt az üzenetet|Ezt az üzenetet törölted|Ați șters acest mesaj|Anda menghapus pesan ini
Anda telah menghapus pesan ini|Anda telah memadamkan mesej ini|Bạn đã xóa tin nhắn này|Bạn đã xoá tin nhắn này
คุณลบข้อความนี้|คุณได้ลบข้อความนี้|لقد حذَفت هذه الرسالة|أنت حذفت هذه الرسالة|מחקת את ההודעה הזו|מחקת הודעה זו
شما این پیام را حذف کردید|आपने यह मैसेज डिलीट किया|आपने यह संदेश मिटाया|このメッセージを削除しました
이 메시지를 삭제했습니다|您已刪除此訊息|您已删除这条消息|您删除这个信息|你已删除了一条消息
""")
"""Said of a message that the one who exported the chat had deleted: its sender is the owner of the file."""

DELETED = OWN_DELETED | _folded("""
This message was deleted|This message was deleted by admin|Diese Nachricht wurde gelöscht|Ce message a été supprimé
Se eliminó este mensaje|Este mensaje fue eliminado|Questo messaggio è stato eliminato|Esta mensagem foi apagada
Essa mensagem foi apagada|Mensagem apagada|Esta mensagem foi apagada pelo remetente|Dit bericht is verwijderd
Данное сообщение удалено|Это сообщение удалено|Це повідомлення було видалено|Ta wiadomość została usunięta
Bu mesaj silindi|Αυτό το μήνυμα διαγράφηκε|Det här meddelandet raderades|Detta meddelande raderades
Denne besked er blevet slettet|Denne besked blev slettet|Denne meldingen ble slettet|Tämä viesti poistettiin
Tato zpráva byla smazána|Tato zpráva byla odstraněna|Ez az üzenet törlésre került|Acest mesaj a fost șters
Pesan ini dihapus|Pesan ini telah dihapus|Mesej ini telah dipadam|Tin nhắn này đã bị xóa|Tin nhắn này đã bị xoá
ข้อความนี้ถูกลบแล้ว|ข้อความนี้ได้ถูกลบ|تم حذف هذه الرسالة|הודעה זו נמחקה|این پیام حذف شده است|این پیام حذف شد
यह मैसेज डिलीट कर दिया गया है|このメッセージは削除されました|이 메시지는 삭제되었습니다|삭제한 메시지입니다
此訊息已刪除|这条消息已被删除|此消息已删除|信息已删除
""")

_CALLS = """
Missed voice call|Missed video call|Missed group voice call|Missed group video call|Silenced voice call
Silenced video call|Verpasster Sprachanruf|Verpasster Videoanruf|Appel vocal manqué|Appel vidéo manqué
Llamada perdida|Llamada de voz perdida|Videollamada perdida|Chiamata vocale persa|Videochiamata persa
Chamada de voz perdida|Chamada de vídeo perdida|Videochamada perdida|Gemist spraakgesprek|Gemiste spraakoproep
Gemist videogesprek|Gemiste video-oproep|Пропущенный аудиозвонок|Пропущенный видеозвонок|Пропущений аудіодзвінок
Пропущений відеодзвінок|Nieodebrane połączenie|Cevapsız sesli arama|Cevapsız görüntülü arama
Αναπάντητη φωνητική κλήση|Αναπάντητη βιντεοκλήση|Missat röstsamtal|Missat videosamtal|Ubesvaret taleopkald
Tapt taleanrop|Tapt videoanrop|Vastaamaton äänipuhelu|Vastaamaton videopuhelu|Zmeškaný hlasový hovor
Zmeškaný videohovor|Nem fogadott hanghívás|Nem fogadott videohívás|Apel vocal nepreluat|Panggilan suara tak terjawab
Panggilan video tak terjawab|Panggilan suara terlepas|Cuộc gọi nhỡ|สายที่ไม่ได้รับ|مكالمة صوتية فائتة
مكالمة فيديو فائتة|שיחה קולית שלא נענתה|שיחת וידאו שלא נענתה|تماس صوتی پاسخ داده نشده|वॉइस कॉल मिस हुई
音声通話不在着信|ビデオ通話不在着信|부재중 전화|부재중 영상통화|未接語音通話|未接視像通話|未接语音通话|未接视频通话
"""
CALLS = tuple(sorted(_folded(_CALLS)))
"""A message that begins so is about a call."""

NOTICES = tuple(
    sorted(
        _folded("""
Messages and calls are end-to-end encrypted|Messages to this chat and calls are now secured
Messages to this group are now secured|Messages you send to this|Your security code with
Waiting for this message. This may take a while
Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt|Nachrichten in diesem Chat sowie Anrufe sind
Deine Sicherheitsnummer|Les messages et les appels sont chiffrés de bout en bout|Votre code de sécurité avec
Les messages envoyés dans cette discussion et les appels sont|Los mensajes y las llamadas están cifrados
Cambió tu código de seguridad|I messaggi e le chiamate sono crittografati|Il tuo codice di sicurezza con
As mensagens e as chamadas são protegidas|As mensagens e chamadas são encriptadas|As mensagens e ligações são protegidas
Berichten en gesprekken worden end-to-end|Berichten en oproepen worden end-to-end|Сообщения и звонки защищены сквозным
Повідомлення й дзвінки захищено|Wiadomości i połączenia są w pełni zaszyfrowane|Mesajlar ve aramalar uçtan uca
Τα μηνύματα και οι κλήσεις κρυπτογραφούνται|Meddelanden och samtal är|Beskeder og opkald er|Meldinger og samtaler er
Viestit ja puhelut salataan|Zprávy a hovory jsou|Az üzenetek és hívások végpontok|Mesajele și apelurile sunt criptate
Pesan dan panggilan terenkripsi|Mesej dan panggilan disulitkan|Tin nhắn và cuộc gọi được mã hóa
ข้อความและการโทรได้รับการเข้ารหัส|الرسائل والمكالمات مشفرة|ההודעות והשיחות מוצפנות|मैसेजेस और कॉल्स एंड-टू-एंड
メッセージと通話はエンドツーエンド暗号化|메시지 및 전화는
訊息和通話經端對端加密|訊息已受端對端加密|消息和通话都进行端到端加密
""")
    )
)
"""A message that begins so is WhatsApp's own, even where a sender's name stands before it."""

POLLS = re.compile(
    r"(?:poll|umfrage|sondage|encuesta|sondaggio|enquete|опрос|опитування|ankieta|anket|omröstning|jajak pendapat|"
    r"polling|投票|アンケート|투표|event|evento|veranstaltung)\s?[:：]",
    re.IGNORECASE,
)
"""A poll or an event: its question stands in a form, not in a sentence of its writer's."""

GROUP_WORDS = re.compile(
    r"\bgroup|\badded\b|\bleft$|\bjoined\b|\bremoved\b|gruppe|hinzugefügt|verlassen|beigetreten|groupe|ajouté|quitté"
    r"|\bgrup|añadió|salió|aggiunto|uscito|adicionou|\bsaiu|groep|toegevoegd|групп|груп|добавил|вышел|ekledi|ayrıldı"
    r"|ομάδ|ryhm|skupin|csoport|nhóm|kumpulan|กลุ่ม|مجموعة|קבוצה|הצטרפ|گروه|ग्रुप|समूह|グループ|그룹|群[組组聊]",
    re.IGNORECASE,
)
"""In a line of WhatsApp's own: the chat is a group."""

ATTACHED = _folded("""
file attached|Datei angehängt|fichier joint|archivo adjunto|archivo adjuntado|file allegato|arquivo anexado
ficheiro anexado|bestand bijgevoegd|файл добавлен|файл додано|załączony plik|dosya ekli|συνημμένο αρχείο|bifogad fil
fil vedhæftet|vedlagt fil|liitetiedosto|soubor byl přiložen|fájl csatolva|fișier atașat|file terlampir
fail dilampirkan|tệp đính kèm|ไฟล์ที่แนบ|الملف مرفق|קובץ מצורף|फाइल अटैच कर दी गई है|添付ファイル有り|添付ファイル
파일 첨부됨|附件檔案|文件附件
""")
"""After the name of a file, in brackets."""

CHAT_NAMES = tuple(
    re.compile(f"(?:{pattern})$", re.IGNORECASE)
    for pattern in (
        r"WhatsApp[ -]chat(?:t)? (?:with|mit|met|med|kay|-|–) (.+)",
        r"(?:Chat|Xat|Conversaci[oó]n) de WhatsApp (?:con|amb|-) (.+)|Chat WhatsApp (?:con|dengan|-) (.+)",
        r"Discussion WhatsApp (?:avec|-) (.+)|Conversa (?:do|no) WhatsApp (?:com|-) (.+)",
        r"(?:Чат|Бесіда) WhatsApp (?:с контактом|с группой|із|з|с|-) (.+)|Czat WhatsApp (?:z|-) (.+)",
        r"Συνομιλία WhatsApp με (.+)|WhatsApp-samtale med (.+)|WhatsApp-keskustelu henkilön (.+) kanssa",
        r"Chat WhatsApp s uživatelem (.+)|WhatsApp csevegés vele[:_] (.+)|Conversație WhatsApp cu (.+)",
        r"Sembang WhatsApp dengan (.+)|Trò chuyện WhatsApp với (.+)|แชท WhatsApp กับ (.+)",
        r"دردشة واتساب مع (.+)|צ'אט WhatsApp עם (.+)|گفتگوی WhatsApp با (.+)|(.+) के साथ WhatsApp चैट",
        r"(.+) ile WhatsApp Sohbeti|(.+)とのWhatsAppチャット|(.+)님과의 WhatsApp 대화",
        r"[与與] ?(.+?) ?的 ?WhatsApp ?(?:聊天|對話|对话|聊天記錄|聊天记录)|WhatsApp [与與] (.+) 的[對对][話话]",
        r".*WhatsApp.* [-–] (.+)",
    )
)
"""How the file of an export is called after the chat."""
