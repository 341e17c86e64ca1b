#include "steward/filters/pii/address_words.h"

#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {

StreetWord street_word(std::string_view word) {
  static const WordMap kWords({
      {"street st avenue ave av road rd lane ln boulevard blvd parkway pkwy highway hwy terrace crescent turnpike broadway drive dr",
       static_cast<std::uint8_t>(StreetWord::kBehind)},
      {"court ct place pl square sq way close circle cir trail trl alley row mews gardens grove walk plaza loop hill hills heights park "
       "view "
       "crossing ridge run path point garden junction mall mount knoll meadow motorway freeway expressway bypass",
       static_cast<std::uint8_t>(StreetWord::kBehindWeak)},
      {"rue bd allée allées impasse chemin quai route cours passage sentier ruelle faubourg",
       static_cast<std::uint8_t>(StreetWord::kFront)},
      {"calle avenida avda carrer carretera rua travessa ulica ul улица ул проспект viale paseo jalan",
       static_cast<std::uint8_t>(StreetWord::kFirst)},
      {"via piazza corso largo praça alameda estrada c vicolo strada aleja al", static_cast<std::uint8_t>(StreetWord::kFirstWeak)},
      {"box postfach postbus apartado casilla", static_cast<std::uint8_t>(StreetWord::kBox)},
  });
  return static_cast<StreetWord>(kWords.find(word));
}

bool begins_street(std::string_view word) {
  const StreetWord kind = street_word(word);
  return kind == StreetWord::kFirst || kind == StreetWord::kFirstWeak || word == "plaza" || word == "rue";
}

StreetSuffix street_suffix(std::string_view word, bool& alone) {
  static constexpr std::string_view kStrong[] = {"strasse", "str",  "gasse",  "allee", "chaussee", "damm", "ufer",
                                                 "straat",  "laan", "gracht", "gatan", "vägen",    "veien"};
  static constexpr std::string_view kWeak[] = {"platz", "weg",   "plein", "kade", "singel", "dijk", "ring",
                                               "steig", "markt", "vej",   "gade", "gata",   "utca"};
  const auto ends = [&](std::string_view suffix) {
    alone = word == suffix;
    return alone || (word.ends_with(suffix) && word.size() >= suffix.size() + 3);
  };
  for (const std::string_view suffix : kStrong)
    if (ends(suffix)) return StreetSuffix::kStrong;
  for (const std::string_view suffix : kWeak)
    if (ends(suffix)) return StreetSuffix::kWeak;
  return StreetSuffix::kNone;
}

bool is_street_particle(std::string_view word) {
  static const WordSet kWords(
      "de del la las los le les du des da do dos das della delle dei degli di d l el y e the of n no nr num número numero postal correos");
  return kWords.has(word);
}

bool is_us_state(std::string_view word) {
  static const WordSet kWords(
      "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut "
      "vt "
      "va wa wv wi wy dc pr gu vi ap ae aa as mp");
  return kWords.has(word);
}

bool is_country(std::string_view word) {
  static const WordSet kWords(
      "usa us uk gb england scotland wales ireland germany deutschland austria österreich switzerland schweiz france spain españa italy "
      "italia "
      "portugal brasil brazil netherlands nederland belgium belgique méxico mexico canada australia poland polska sweden denmark norway "
      "india");
  return kWords.has(word);
}

bool is_unit_word(std::string_view word) {
  static const WordSet kWords("apt apartment unit suite ste floor flat room building bldg wohnung etage piso puerta appartement lot");
  return kWords.has(word);
}

bool is_address_label(std::string_view word) {
  static const WordSet kWords(
      "address addr adresse anschrift dirección direccion domicilio indirizzo endereço endereco adres adress adresa адрес wohnort "
      "live lives living lived reside resides residing ship shipped deliver delivered delivery mail wohne wohnt wohnen wohnhaft "
      "habite habitons habitant vivo vive vivimos abito abita residente moro mora woon woont wonen bor mieszkam");
  return kWords.has(word);
}

bool may_follow_street(std::string_view word) {
  static const WordSet kWords(
      "in near at and or is was with apt apartment unit suite ste floor flat where for to on since but by which that as from please if so "
      "tomorrow today thanks until because before after between");
  return kWords.has(word);
}

bool is_counted(std::string_view word) {
  static const WordSet kWords(
      "km kilometer meter m min minuten stunden uhr mal prozent personen leute jahre tage wochen autos kinder points minutes "
      "years days weeks months times años días meses ans jours mois anni giorni anos dias jaar dagen år "
      "hours miles people");
  return kWords.has(word);
}

}  // namespace steward::filters::pii
