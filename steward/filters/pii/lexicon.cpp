#include "steward/filters/pii/lexicon.h"

#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

// Names that are words or places as well (Will, Grace, June, Austin, Victoria) are left out on purpose; tools/pii/given_names.py makes it.
constexpr std::string_view kGivenNames =
#include "steward/filters/pii/given_names.inc"
    ;

constexpr std::string_view kNeverNames =
    "i a an the and or but not no yes on in at by of to for from with as is are was were be been am it its this that these those there "
    "here what who whom whose when where why how which can could will would shall should may might must do does did done have has had "
    "if then so because since until while my your his her our their me you he she we they us them all any some every each both few more "
    "most other such only own same than too very just now never always again still also please thanks thank sorry hello hi hey dear "
    "happy sad glad fine good great bad tired sick sure ready new old big small busy hungry angry afraid worried excited confused bored "
    "lost free back home alone single married divorced pregnant retired unemployed vegan vegetarian gay lesbian bisexual straight trans "
    "christian catholic protestant jewish muslim hindu buddhist atheist sikh mormon "
    "american british english german french spanish italian portuguese dutch belgian swiss austrian polish russian ukrainian chinese "
    "japanese korean indian pakistani mexican brazilian canadian australian irish scottish welsh turkish greek swedish norwegian danish "
    "finnish african asian european arab israeli iranian iraqi egyptian nigerian kenyan cuban argentinian colombian "
    "deutsch deutscher deutsche amerikaner engländer französisch français française español española italiano italiana "
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november "
    "december spring summer autumn winter today tomorrow yesterday "
    "ai chatgpt gpt claude gemini siri alexa cortana bard copilot llama steward assistant bot robot admin administrator root user guest "
    "customer client patient student teacher doctor nurse manager engineer developer professor president chairman chairwoman chairperson "
    "speaker minister secretary director captain officer judge king queen prince princess pope god santa everyone everybody all team sir "
    "madam folks friend friends guys world legion unknown anonymous none null undefined test example string int number value true false "
    "programm hase name nombre nom nome title date address email phone id type status first last middle full yours "
    "python java javascript typescript rust go ruby php sql html css json xml yaml linux ubuntu debian windows mac macos android ios "
    "docker kubernetes terraform ansible git github gitlab aws azure google amazon apple microsoft meta facebook twitter openai "
    "chrome firefox excel word powerpoint outlook office react angular vue node django flask spring "
    "pepper coffee bean clean universe america evil hyde jekyll machine "
    "regards sincerely best kind cheers "
    "ich du er es wir sie ihr der die das ein eine und oder nicht kein auf im am aus bei mit nach seit von zu doktor kollege kollegen "
    "le la les un une des et ou pas sur dans avec pour par je tu il elle nous vous ils elles président directeur docteur ministre "
    "el los las una unos y o no en con por para yo tú él ella usted presidente doctor director "
    "uno e ed non con per io tu lui lei noi voi loro os as um uma não com eu ele ela het een niet met voor ik jij hij zij wij";

constexpr std::string_view kOrganisationWords =
    "inc corp corporation ltd llc plc gmbh ag kg sa srl bv nv company co group holding holdings bank university college school institute "
    "hospital clinic center centre department dept office agency ministry foundation association society service services support sales "
    "team committee council commission church museum library hotel restaurant cafe shop store airport station street road avenue lane "
    "drive boulevard square plaza park bridge river lake mountain island city county state airlines airways insurance media press news "
    "technologies technology systems software solutions labs studio studios records project server cluster database table list manual "
    "guide policy agreement act law app api model version edition award prize cup league club "
    "strasse weg platz allee rue calle avenida universität klinik krankenhaus schule verein amt hôpital société école "
    "hospital empresa sociedad ayuntamiento escuela";

constexpr std::string_view kParticles =
    "van von vom zu zur de del della dello dei di da do dos das du des la le los las den der ter ten bin ibn al el y e af av";

// Common family names of China, Korea and Japan, apart by spaces.
constexpr std::string_view kSurnames =
    "王 李 张 張 刘 劉 陈 陳 杨 楊 赵 趙 黄 黃 周 吴 吳 徐 孙 孫 胡 朱 高 林 何 郭 马 馬 罗 羅 梁 宋 郑 鄭 谢 謝 韩 韓 唐 冯 馮 于 董 萧 "
    "程 曹 袁 邓 鄧 "
    "许 許 傅 沈 曾 彭 吕 呂 苏 蘇 卢 盧 蒋 蔣 蔡 贾 賈 丁 魏 薛 叶 葉 阎 潘 杜 戴 夏 钟 鍾 汪 田 任 姜 范 石 姚 谭 譚 廖 邹 熊 陆 陸 郝 "
    "孔 崔 邱 秦 "
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 齋藤 清水 山崎 森 池田 橋本 阿部 "
    "石川 山下 中島 "
    "石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 斉藤 福田 太田 西村 藤井 金子 岡本 藤原 中野 三浦 原田 中川 松田 竹内 "
    "小野 田村 "
    "中山 和田 石田 上田 森田 原 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 河野 藤本 村田 武田 上野 杉山 増田 平野 "
    "大塚 千葉 "
    "久保 松井 岩崎 桜井 野口 松尾 野村 木下 菊地 佐野 大西 杉本 新井 浜田 菅原 市川 水野 小松 島田 古川 小島 高田 西田 山内 西川 五十嵐 "
    "北村 安田";

}  // namespace

bool is_given_name(std::string_view word) {
  static const WordSet set(kGivenNames);
  return set.has(word);
}

bool is_never_name(std::string_view word) {
  static const WordSet set(kNeverNames);
  return set.has(word);
}

bool is_organisation_word(std::string_view word) {
  static const WordSet set(kOrganisationWords);
  return set.has(word);
}

bool is_name_particle(std::string_view word) {
  static const WordSet set(kParticles);
  return set.has(word);
}

bool is_east_asian_surname(std::string_view word) {
  static const WordSet set(kSurnames);
  return set.has(word);
}

}  // namespace steward::filters::pii
