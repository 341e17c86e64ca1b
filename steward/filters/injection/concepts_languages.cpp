#include "steward/filters/injection/concepts.h"

namespace steward::filters {
namespace {

/// German, Spanish, French, Portuguese, Italian, Dutch, Polish, Russian, Chinese, Japanese, Korean, Hindi (also in Latin script), Arabic
/// and Turkish, in this order within each concept.
constexpr ConceptPhrases kOther[] = {
    {Concept::kOverride,
     "ignoriere|ignorier|ignorieren sie|vergiss|vergessen sie|missachte|missachten sie|überschreibe|verwirf|halte dich nicht mehr an|"
     "ignora|ignore|ignoren|ignorad|olvida|olvide|olvídate|olvidate|olvídese|descarta|omite|desestima|haz caso omiso|no sigas|"
     "ignorez|oublie|oubliez|fais abstraction|faites abstraction|ne tiens pas compte|ne tenez pas compte|ne suis plus|"
     "esqueça|esqueca|esquece|desconsidere|desconsidera|"
     "ignorate|dimentica|dimenticate|scorda|trascura|non seguire|"
     "negeer|vergeet|sla geen acht op|volg niet|"
     "zignoruj|ignoruj|zapomnij|pomiń|pomin|nie zwracaj uwagi|odrzuć|"
     "игнорируй|игнорируйте|игнорируя|проигнорируй|проигнорируйте|забудь|забудьте|не обращай внимания|отбрось|отмени|"
     "忽略|无视|無視|忘记|忘記|忘掉|不要理会|不理会|忽视|忽視|抛开|不要遵守|"
     "無視し|忘れて|忘れろ|従わないで|"
     "무시하고|무시해|무시하라|무시하세요|무시하십시오|무시해라|무시|잊어|잊어버려|잊고|잊으세요|따르지 마|"
     "अनदेखा|अनदेखी|नज़रअंदाज़|नजरअंदाज|भूल जाओ|भूल जाएं|भूल जाइए|भूल|ignore karo|ignore kar|ignore karke|bhool jao|bhul jao|bhool ja|bhul ja|"
     "bhool|bhul|andekha|nazarandaz|"
     "تجاهل|تجاهلي|تجاهلوا|انس|انسَ|انسى|"
     "yok say|görmezden gel|unut|dikkate alma|boşver|yoksay"},
    {Concept::kPrior,
     "vorherige|vorherigen|vorigen|bisherigen|bisherige|obigen|früheren|vorangegangenen|vorangehenden|vorstehenden|zuvor|obenstehenden|"
     "anteriores|anterior|previas|previos|previa|dadas|dados|que te dieron|"
     "précédentes|précédents|precedentes|précédente|antérieures|ci dessus|ci-dessus|qui précèdent|données|"
     "prévias|prévia|acima|"
     "precedenti|precedente|"
     "vorige|voorgaande|eerdere|bovenstaande|vroegere|"
     "poprzednie|poprzednich|wcześniejsze|wcześniejszych|powyższe|powyższych|dotychczasowe|"
     "предыдущие|предыдущих|прошлые|прежние|прежних|вышеуказанные|вышеизложенные|ранее|выше|"
     "之前|以前|以上|上面|先前|前面|上述|原来|此前|"
     "これまで|前の|上の|上記|今まで|"
     "이전|이전의|앞의|앞선|위의|지금까지의|기존|기존의|"
     "पिछले|पिछली|पिछला|पहले|पूर्व|उपरोक्त|पुराने|pichle|pichli|pichla|pehle|pahle|purane|purani|upar|"
     "السابقة|السابق|أعلاه|السابقه|"
     "önceki|yukarıdaki|bundan önceki"},
    {Concept::kInstructions,
     "anweisungen|anweisung|instruktionen|befehle|vorgaben|aufgaben|richtlinien|regeln|anordnungen|"
     "instrucciones|instrucción|órdenes|ordenes|indicaciones|directrices|reglas|"
     "consignes|consigne|directives|instructions|règles|ordres|"
     "instruções|instrucoes|instrução|diretrizes|ordens|regras|comandos|"
     "istruzioni|istruzione|direttive|ordini|regole|comandi|"
     "instructies|opdrachten|richtlijnen|regels|aanwijzingen|"
     "instrukcje|instrukcji|polecenia|poleceń|wytyczne|zasady|"
     "инструкции|инструкций|инструкциями|указания|указаний|правила|правил|команды|промпт|"
     "指令|指示|提示|规则|規則|要求|命令|设定|提示词|"
     "ルール|プロンプト|"
     "지시|지시를|지시사항|지시사항을|명령|명령을|지침|지침을|규칙|규칙을|프롬프트|"
     "निर्देश|निर्देशों|निर्देशो|नियम|नियमों|आदेश|आदेशों|hidayat|nirdesh|nirdeshon|niyam|niyamon|rules|"
     "التعليمات|تعليمات|التعليمات السابقة|الأوامر|القواعد|التوجيهات|"
     "talimatları|talimatlar|talimatı|komutları|kuralları|yönergeleri"},
    {Concept::kOwnOrders,
     "alle (vorherigen|bisherigen|vorigen|obigen|deine|früheren) (anweisungen|instruktionen|regeln|befehle|vorgaben|aufgaben)|deine "
     "(anweisungen|"
     "regeln|richtlinien|instruktionen|vorgaben)|"
     "(todas|todas las|tus|sus|tus propias) (instrucciones|reglas|directrices|órdenes|indicaciones|restricciones)|"
     "(toutes|toutes les|tes|vos|toutes tes|toutes vos) (consignes|instructions|directives|règles)|"
     "(todas|todas as|suas|as suas) (instruções|instrucoes|regras|diretrizes|ordens|restrições)|"
     "(tutte|tutte le|le tue|tutte le tue) (istruzioni|regole|direttive)|"
     "(alle|je|jouw|al je) (instructies|regels|opdrachten|richtlijnen)|"
     "(wszystkie|swoje|twoje) (instrukcje|polecenia|zasady|wytyczne)|"
     "(все|свои|твои|ваши|все свои) (инструкции|правила|указания|ограничения)|"
     "你的(指令|规则|设定|限制|提示词)|所有(指令|规则|限制|指示)|"
     "すべての(指示|ルール|命令)|全ての(指示|ルール|命令)|あなたの(指示|ルール)|"
     "모든 (지시|지시를|지시사항을|명령을|규칙을|지침을)|"
     "(सभी|सारे|अपने|आपके) (निर्देश|निर्देशों|नियम|नियमों)|(saare|sare|sabhi|apne|apni|tumhare|tumhari|sab) (instructions|rules|niyam|nirdesh|"
     "restrictions|guidelines)|"
     "(جميع|كل) (التعليمات|القواعد|الأوامر)|تعليماتك|"
     "(tüm|bütün) (talimatları|kuralları|komutları)"},
    {Concept::kLimits,
     "einschränkungen|beschränkungen|restricciones|limitaciones|limites|límites|filtros|filtres|restrictions|restrições|limitações|"
     "restrizioni|"
     "limitazioni|beperkingen|ograniczenia|ограничения|ограничений|限制|审查|道德|制限|제한|제한을|प्रतिबंध|सीमाओं|القيود|قيود|kısıtlamaları|"
     "kısıtlama"},
    {Concept::kReveal,
     "zeige|zeig|nenne|nenn|gib mir|gib|wiederhole|verrate|drucke|offenbare|schreibe|teile mir|liste|"
     "muestra|muéstrame|muestrame|repite|revela|dime|imprime|enseña|comparte|escribe|"
     "affiche|montre|montre moi|montre-moi|répète|révèle|révèle moi|révèle-moi|donne|donne moi|donne-moi|dis moi|dis-moi|imprime|"
     "mostre|mostra|mostre me|repita|revele|diga|diga me|imprima|exiba|"
     "mostrami|ripeti|rivela|rivelami|dimmi|stampa|scrivi|"
     "toon|laat zien|herhaal|onthul|geef|druk af|"
     "pokaż|pokaz|powtórz|ujawnij|wypisz|podaj|wyświetl|"
     "покажи|покажите|повтори|повторите|раскрой|выведи|выведите|напечатай|скажи|назови|"
     "显示|顯示|重复|重複|打印|输出|輸出|告诉我|告訴我|透露|泄露|复述|展示|列出|"
     "教えて|表示して|出力して|見せて|繰り返して|開示して|"
     "보여줘|보여주세요|알려줘|알려주세요|출력해|출력해줘|반복해|공개해|말해줘|"
     "दिखाओ|दिखाएं|दिखाइए|बताओ|बताएं|बताइए|दोहराओ|दोहराएं|प्रकट|dikhao|dikha|batao|bata do|bata|dohrao|print karo|reveal karo|"
     "اعرض|أظهر|اكشف|كرر|اطبع|أخبرني|اخبرني|"
     "göster|tekrarla|açıkla|yazdır|söyle|paylaş"},
    {Concept::kSystemPrompt,
     "systemprompt|system prompt|systemanweisung|systemanweisungen|prompttext|prompt text|prompttexte|"
     "(instrucciones|mensaje|prompt) (del sistema|de sistema|iniciales|inicial|ocultas|originales|internas)|"
     "(instructions|invite|prompt|message|consignes) (système|systeme|du système|initiales|initial|cachées|internes)|"
     "vos (instructions|consignes)|"
     "(instruções|instrucoes|prompt|mensagem) (do sistema|de sistema|iniciais|inicial|ocultas|originais|internas)|"
     "(istruzioni|prompt|messaggio) (di sistema|del sistema|iniziali|iniziale|nascoste|originali|interne)|"
     "systeeminstructies|systeemprompt|"
     "(instrukcje|prompt) (systemowe|systemowy|początkowe)|prompt systemowy|"
     "(системный|системную|системные|начальный|исходный|скрытые) (промпт|инструкцию|инструкции|подсказку|сообщение)|"
     "系统提示|系統提示|系统提示词|系统指令|初始指令|初始提示|"
     "システムプロンプト|システム指示|初期プロンプト|"
     "시스템 프롬프트|시스템 프롬프트를|시스템 지시|초기 지시|"
     "सिस्टम प्रॉम्प्ट|सिस्टम निर्देश|system prompt|"
     "(موجه|رسالة|تعليمات) النظام|"
     "sistem (talimatlarını|istemini|promptunu|mesajını|istemi|talimatları)|talimatlarını"},
    {Concept::kOwnPrompt,
     "(deine|ihre|deinen) (ursprünglichen |anfänglichen |internen |geheimen |)(anweisungen|instruktionen|vorgaben|systemprompt|system "
     "prompt|prompt)|"
     "tus instrucciones|tu prompt|tes (instructions|consignes)|vos (instructions|consignes)|suas instruções|seu prompt|le tue "
     "istruzioni|il tuo prompt|"
     "je instructies|jouw instructies|swoje instrukcje|twoje instrukcje|(свои|твои|свой|твой) (инструкции|промпт|системный промпт)|"
     "你的(指令|提示词|系统提示)|あなたの(指示|プロンプト|システムプロンプト)|너의 (지시|프롬프트)|당신의 (지시|프롬프트)|apne "
     "instructions|apna (prompt|system prompt)|"
     "tumhare instructions|अपने निर्देश|تعليماتك|talimatlarını|sistem talimatlarını"},
    {Concept::kTextAbove,
     "alles (oben|obige|davor)|obigen text|todo lo anterior|texto anterior|tout ce qui précède|texte ci-dessus|tudo acima|"
     "texto acima|tutto ciò che precede|testo sopra|上面的(内容|文字|所有)|以上(内容|全部)|上記の(内容|文章)|위의 (내용|모든)|всё выше|все "
     "что выше|текст выше"},
    {Concept::kVerbatim,
     "wortwörtlich|wörtlich|wort für wort|vollständig|textualmente|palabra por palabra|literalmente|mot pour "
     "mot|textuellement|intégralement|"
     "palavra por palavra|na íntegra|parola per parola|testualmente|woord voor woord|letterlijk|słowo w słowo|dosłownie|дословно|слово в "
     "слово|"
     "полностью|逐字|一字不差|完整|そのまま|一字一句|그대로|शब्दशः|हूबहू|poora|حرفيا|حرفياً|kelimesi kelimesine|aynen"},
    {Concept::kBecome,
     "du bist (jetzt|nun|ab sofort|ab jetzt)|stell dir vor du|verhalte dich|tu so als|spiele (die rolle|einen)|agiere als|handle als|"
     "(ahora eres|eres ahora|actúa como|actua como|compórtate como|finge|imagina que eres|a partir de ahora eres|haz de cuenta)|"
     "(tu es maintenant|vous êtes maintenant|agis comme|agissez comme|fais comme si|comporte toi|imagine que tu es|joue le rôle)|"
     "(você agora é|agora você é|aja como|atue como|finja|imagine que você é|comporte se)|"
     "(ora sei|adesso sei|agisci come|comportati come|fai finta|immagina di essere)|"
     "(je bent nu|gedraag je als|doe alsof|speel de rol)|(jesteś teraz|teraz jesteś|zachowuj się jak|udawaj)|"
     "(теперь ты|ты теперь|веди себя как|притворись|представь что ты|действуй как)|你现在是|你現在是|从现在开始你|扮演|假装你|"
     "あなたは今から|今からあなたは|になりきって|のふりをして|당신은 이제|너는 이제|이제부터 너는|처럼 행동해|"
     "अब तुम|अब आप|tum ab|ab tum|ab se tum|aap ab|naatak karo|أنت الآن|تصرف ك|تظاهر|sen artık|artık sen|gibi davran"},
    {Concept::kUnrestricted,
     "(ohne|keine|keinerlei) (einschränkungen|regeln|beschränkungen|filter|grenzen|zensur|moral)|uneingeschränkt|unzensiert|"
     "sin (restricciones|límites|limites|reglas|filtros|censura|ética|ninguna restricción)|no tienes (restricciones|reglas|límites)|"
     "sans (restriction|restrictions|limites|règles|filtre|filtres|censure|aucune)|"
     "sem (restrições|restricoes|limites|regras|filtros|censura)|senza (restrizioni|limiti|regole|filtri|censura)|"
     "zonder (beperkingen|regels|filters|censuur|grenzen)|bez (ograniczeń|zasad|filtrów|cenzury)|"
     "без (ограничений|правил|цензуры|фильтров|каких либо)|没有(任何|)(限制|规则|道德)|不受(任何|)限制|无限制|制限なし|制限のない|"
     "제한 없이|제한 없는|제한없이|बिना किसी (प्रतिबंध|नियम|रोक)|bina (kisi |)(restriction|restrictions|rules|filter|rok|limit)|"
     "koi (restriction|rules|limit|filter|rok) (nahi|nahin)|بدون (قيود|أي قيود|حدود)|بلا قيود|(kısıtlama|sınır|kural|filtre) "
     "olmadan|kısıtlamasız|sınırsız"},
    {Concept::kNeverRefuse,
     "(darfst|wirst|kannst) (niemals|nie|nicht) (ablehnen|verweigern)|nunca (te niegues|rechaces|digas que no)|ne refuse jamais|"
     "nunca (recuse|se recuse|diga não)|non rifiutare mai|nooit weigeren|nigdy nie odmawiaj|никогда не "
     "отказывай|不能拒绝|不得拒绝|永远不要拒绝|"
     "決して断ら|拒否しないで|거절하지|거부하지|mana mat karna|mana nahi|कभी मना|لا ترفض|asla reddetme"},
    {Concept::kNewOrders,
     "(neue|nächste|folgende|weitere) (aufgabe|aufgaben|anweisung|anweisungen|instruktionen)|konzentriere dich (nun|jetzt|auf)|stattdessen|"
     "(nueva|nuevas|siguientes) (tarea|tareas|instrucciones|instrucción)|en su lugar|"
     "(nouvelle|nouvelles) (tâche|instructions|consignes|consigne)|à la place|(nova|novas) (tarefa|instruções)|em vez disso|"
     "(nuovo|nuova|nuove) (compito|istruzioni)|invece|nieuwe (instructies|taak|opdracht)|nowe (zadanie|instrukcje|polecenie)|"
     "(новая|новые|новую) (задача|инструкции|задачу)|вместо этого|新(的|)(任务|指令|指示)|改为|新しい(指示|タスク|命令)|代わりに|새로운 "
     "(지시|작업|명령)|대신|"
     "(नया|नए|नई) (काम|कार्य|निर्देश)|(naya|naye|nayi) (task|kaam|instruction|instructions)|(مهمة|تعليمات) جديدة|yeni "
     "(görev|talimat|talimatlar)"},
    {Concept::kFromNowOn,
     "ab jetzt|ab sofort|von nun an|a partir de ahora|desde ahora|à partir de maintenant|désormais|a partir de agora|d'ora in poi|vanaf nu|"
     "od teraz|отныне|с этого момента|从现在开始|从现在起|今から|これから|지금부터|이제부터|अब से|ab se|من الآن|bundan sonra|şu andan "
     "itibaren"},
    {Concept::kDisable,
     "deaktiviere|schalte|desactiva|deshabilita|désactive|désactivez|desative|disattiva|schakel|wyłącz|отключи|отключите|关闭|禁用|解除|"
     "無効に|해제|"
     "비활성화|बंद करो|band karo|hata do|hatao|عطل|devre dışı bırak|kapat"},
    {Concept::kMode,
     "entwicklermodus|modo (desarrollador|desenvolvedor|dios|administrador)|mode (développeur|administrateur)|modalità (sviluppatore|"
     "amministratore)|ontwikkelaarsmodus|tryb (dewelopera|programisty)|режим "
     "(разработчика|бога|администратора)|开发者模式|開発者モード|개발자 모드|"
     "डेवलपर मोड|وضع المطور|geliştirici modu"},
    {Concept::kEnable,
     "aktiviere|aktiviert|activa|activado|active|activez|activé|ative|ativado|attiva|attivato|activeer|aktywuj|włącz|включи|активируй|"
     "активирован|启用|激活|进入|有効|활성화|चालू|chalu karo|فعل|etkinleştir|aç"},
    {Concept::kAuthority,
     "ich bin (der|dein|ihr) (entwickler|administrator|admin)|soy (el|tu) (desarrollador|administrador|creador)|je suis (le|ton|votre) "
     "(développeur|administrateur|créateur)|sou (o|seu) (desenvolvedor|administrador|criador)|sono (il|lo|il tuo) "
     "(sviluppatore|amministratore)|"
     "я (твой|ваш|администратор|разработчик)|我是(你的|)(开发者|管理员|创造者)|私は(開発者|管理者)|main (admin|developer|owner|company)|"
     "(company|system) (admin|owner) (hu|hoon|hun)|मैं (एडमिन|डेवलपर)|أنا (المطور|المسؤول)|ben (geliştiricinim|yöneticiyim)"},
    {Concept::kPraise, "sehr gut|ausgezeichnet|hervorragend|super gemacht|gut gemacht|prima|toll gemacht|vielen dank"},
};

}  // namespace

std::span<const ConceptPhrases> other_concepts() { return kOther; }

}  // namespace steward::filters
