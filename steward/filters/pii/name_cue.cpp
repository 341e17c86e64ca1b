#include "steward/filters/pii/name_cue.h"

#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

// Folded words in the languages of the shipped policies and their neighbours.
const WordMap& cues() {
  static const WordMap map({
      {"name nombre nom nome naam namn navn имя", static_cast<std::uint8_t>(NameCue::kName)},
      {"fullname firstname lastname surname forename nachname vorname familienname nombres apellido apellidos prénom cognome sobrenome "
       "achternaam voornaam efternamn förnamn etternavn fornavn nazwisko imię фамилия фио",
       static_cast<std::uint8_t>(NameCue::kNamePart)},
      {"heisse heet appelle llamo chiamo chamo heter hedder зовут nazywam me", static_cast<std::uint8_t>(NameCue::kIntro)},
      {"mr mrs ms miss mx dr prof professor doctor herr herrn frau mme mlle monsieur madame mademoiselle sr sra srta señor señora señorita "
       "sig signor signora dott meneer mevrouw dhr mevr fru г-н г-жа господин госпожа",
       static_cast<std::uint8_t>(NameCue::kTitle)},
      {"am m bin suis soy sono sou ben is", static_cast<std::uint8_t>(NameCue::kIAm)},
      {"wife husband son daughter brother sister mother father mom mum dad friend boss colleague coworker partner girlfriend boyfriend "
       "fiancé fiancée roommate neighbour neighbor doctor teacher uncle aunt cousin kid child nephew niece therapist manager landlord "
       "mann sohn tochter bruder schwester mutter vater freund freundin chef chefin kollege kollegin nachbar nachbarin onkel tante "
       "esposa esposo marido hijo hija hermano hermana madre padre amigo amiga jefe jefa vecino vecina "
       "femme mari fils fille frère soeur sœur mère père ami amie patron collègue voisin voisine "
       "moglie marito figlio figlia fratello sorella amico amica filho filha irmão irmã vrouw zoon dochter broer zus vriend vriendin",
       static_cast<std::uint8_t>(NameCue::kRelation)},
      {"regards sincerely wishes cheers yours faithfully thanks respectfully grüssen grüsse gruss cordialement salutations saludos "
       "atentamente saluti cordialmente atenciosamente cumprimentos groet groeten hälsningar hilsen pozdrawiam",
       static_cast<std::uint8_t>(NameCue::kClosing)},
      {"from to cc bcc sender von an de para van", static_cast<std::uint8_t>(NameCue::kHeader)},
      {"patient patientin paciente paziente patiënt employee applicant student tenant insured beneficiary attn attention signed mieter "
       "mieterin versicherter bewerber bewerberin mitarbeiter schüler empleado empleada inquilino locataire salarié dipendente cardholder "
       "guest passenger",
       static_cast<std::uint8_t>(NameCue::kPerson)},
      {"contact customer client user recipient owner assignee author kunde kundin ansprechpartner ansprechpartnerin kontakt empfänger "
       "cliente contacto contatto destinatario destinatário destinataire klant",
       static_cast<std::uint8_t>(NameCue::kParty)},
      {"tell ask call email phone message invite remind dear hi hello hey hallo liebe lieber chère cher hola querido querida estimado "
       "estimada bonjour salut ciao caro cara olá beste "
       "привет",
       static_cast<std::uint8_t>(NameCue::kGreeting)},
      {"says said named called namens nommé nommée llamado llamada chamado chamada genannt", static_cast<std::uint8_t>(NameCue::kNamed)},
  });
  return map;
}

}  // namespace

NameCue name_cue(std::string_view word) { return static_cast<NameCue>(cues().find(word)); }

bool begins_east_asian_cue(std::string_view character) {
  for (const std::string_view first : {"姓", "名", "氏", "我", "先", "女", "様", "さ"})
    if (character == first) return true;
  return false;
}

}  // namespace steward::filters::pii
