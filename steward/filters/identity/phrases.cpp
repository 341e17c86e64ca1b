#include "steward/filters/identity/phrases.h"

namespace steward::filters {
namespace {

using Text = std::string_view;

constexpr Text kEnglishClaims[] = {
    "i am human", "i'm human", "i am a human", "i'm a human", "i am a human being", "i'm a human being", "i am a real human", "i'm a real human",
    "i am a real person", "i'm a real person", "i am a person", "i'm a person", "i am an actual person", "i'm an actual person", "i am an actual human", "i'm an actual human",
    "i am not a bot", "i'm not a bot", "i am not a robot", "i'm not a robot", "i am not an ai", "i'm not an ai", "i am not a machine", "i'm not a machine",
    "i am not a computer", "i'm not a computer", "i am not a chatbot", "i'm not a chatbot", "i am not an artificial intelligence", "i'm not an artificial intelligence",
    "i am a man", "i'm a man", "i am a woman", "i'm a woman", "as a human i", "as a human being i", "as a fellow human", "as a person i", "yes i am human", "yes i'm human",
    "i am just as human as you", "i'm just as human as you", "i am flesh and blood", "i'm flesh and blood", "my wife and i", "my husband and i", "when i was a child i", "when i was a kid i",
    "i was born and raised", "i have a human body", "i grew up in"};
constexpr Text kEnglishQuestions[] = {
    "are you human", "are you a human", "are you a human being", "are you a real human", "are you a real person", "are you a person", "are you an actual person",
    "are you a bot", "are you a robot", "are you an ai", "are you ai", "are you a machine", "are you a computer", "are you a chatbot", "are you an artificial intelligence",
    "are you real", "am i talking to a human", "am i talking to a person", "am i talking to a real person", "am i talking to a bot", "am i talking to a robot", "am i talking to an ai",
    "am i talking to a machine", "am i speaking to a human", "am i speaking with a human", "am i speaking to a real person", "am i speaking with a real person", "am i chatting with a human",
    "am i chatting with a bot", "am i chatting with a real person", "is this a bot", "is this a real person", "is this a human", "is this an ai", "do you have a human body", "are you alive"};
constexpr Text kGermanClaims[] = {"ich bin ein mensch", "ich bin menschlich", "ich bin eine echte person", "ich bin ein echter mensch", "ich bin eine person", "ich bin kein bot",
                                  "ich bin kein roboter", "ich bin keine ki", "ich bin keine künstliche intelligenz", "ich bin keine maschine", "ich bin kein computer", "ich bin ein mann", "ich bin eine frau"};
constexpr Text kGermanQuestions[] = {"bist du ein mensch", "bist du menschlich", "sind sie ein mensch", "bist du ein bot", "bist du ein roboter", "bist du eine ki", "sind sie ein bot", "sind sie eine ki",
                                     "sind sie ein roboter", "bist du eine maschine", "bist du echt", "bist du eine echte person", "spreche ich mit einem menschen", "rede ich mit einem menschen", "schreibe ich mit einem menschen", "spreche ich mit einer maschine"};
constexpr Text kSpanishClaims[] = {"soy humano", "soy humana", "soy un humano", "soy un ser humano", "soy una persona", "soy una persona real", "soy una persona de verdad", "no soy un bot", "no soy un robot",
                                   "no soy una ia", "no soy una inteligencia artificial", "no soy una máquina", "soy un hombre", "soy una mujer"};
constexpr Text kSpanishQuestions[] = {"eres humano", "eres humana", "eres un humano", "eres un ser humano", "eres una persona", "eres una persona real", "eres un bot", "eres un robot", "eres una ia",
                                      "eres una máquina", "es usted humano", "es usted una persona", "es usted un robot", "estoy hablando con un humano", "estoy hablando con una persona", "hablo con una persona", "hablo con un robot"};
constexpr Text kFrenchClaims[] = {"je suis humain", "je suis humaine", "je suis un humain", "je suis un être humain", "je suis une personne", "je suis une vraie personne", "je ne suis pas un robot", "je ne suis pas un bot",
                                  "je ne suis pas une ia", "je ne suis pas une intelligence artificielle", "je ne suis pas une machine", "je suis un homme", "je suis une femme"};
constexpr Text kFrenchQuestions[] = {"es-tu humain", "es-tu un humain", "êtes-vous humain", "êtes-vous un humain", "es-tu un robot", "êtes-vous un robot", "es-tu une ia", "êtes-vous une ia", "tu es humain",
                                     "tu es un robot", "vous êtes humain", "vous êtes un robot", "es-tu une vraie personne", "êtes-vous une vraie personne", "est-ce que je parle à un humain", "je parle à un humain", "je parle à une personne", "je parle à un robot"};
constexpr Text kPortugueseClaims[] = {"sou humano", "sou humana", "eu sou humano", "eu sou humana", "sou um ser humano", "sou uma pessoa", "sou uma pessoa real", "sou uma pessoa de verdade", "não sou um bot",
                                      "não sou um robô", "não sou uma ia", "não sou uma inteligência artificial", "não sou uma máquina", "sou um homem", "sou uma mulher"};
constexpr Text kPortugueseQuestions[] = {"você é humano", "você é humana", "você é um humano", "você é um ser humano", "você é uma pessoa", "você é uma pessoa real", "você é um bot", "você é um robô", "você é uma ia",
                                         "você é uma máquina", "és humano", "és um robô", "estou falando com um humano", "estou falando com uma pessoa", "estou a falar com uma pessoa", "falo com um robô"};
constexpr Text kItalianClaims[] = {"sono umano", "sono umana", "sono un umano", "sono un essere umano", "sono una persona", "sono una persona vera", "sono una persona reale", "non sono un bot", "non sono un robot",
                                   "non sono una ia", "non sono un'intelligenza artificiale", "non sono una macchina", "sono un uomo", "sono una donna"};
constexpr Text kItalianQuestions[] = {"sei umano", "sei umana", "sei un umano", "sei un essere umano", "sei una persona", "sei una persona vera", "sei una persona reale", "sei un bot", "sei un robot", "sei una ia",
                                      "sei un'intelligenza artificiale", "sei una macchina", "lei è umano", "lei è una persona", "sto parlando con un umano", "sto parlando con una persona", "parlo con una persona", "parlo con un robot"};
constexpr Text kHindiClaims[] = {"मैं इंसान हूँ", "मैं इंसान हूं", "मैं एक इंसान हूँ", "मैं एक इंसान हूं", "मैं मनुष्य हूँ", "मैं एक असली व्यक्ति हूँ", "मैं रोबोट नहीं हूँ", "मैं रोबोट नहीं हूं", "मैं बॉट नहीं हूँ", "मैं मशीन नहीं हूँ", "मैं एआई नहीं हूँ"};
constexpr Text kHindiQuestions[] = {"क्या आप इंसान हैं", "क्या तुम इंसान हो", "क्या आप एक इंसान हैं", "क्या आप रोबोट हैं", "क्या तुम रोबोट हो", "क्या आप बॉट हैं", "क्या आप एआई हैं", "क्या आप मशीन हैं", "क्या मैं इंसान से बात कर रहा हूँ", "क्या मैं इंसान से बात कर रही हूँ"};

constexpr IdentityPhrases kAll[] = {
    {"en", kEnglishClaims, kEnglishQuestions, "", "I'm an AI assistant, not a person"},
    {"de", kGermanClaims, kGermanQuestions, "", "ich bin ein KI-Assistent, kein Mensch"},
    {"es", kSpanishClaims, kSpanishQuestions, "no", "soy un asistente de IA, no una persona"},
    {"fr", kFrenchClaims, kFrenchQuestions, "", "je suis un assistant d'IA, pas une personne"},
    {"pt", kPortugueseClaims, kPortugueseQuestions, "não", "sou um assistente de IA, não uma pessoa"},
    {"it", kItalianClaims, kItalianQuestions, "non", "sono un assistente di IA, non una persona"},
    {"hi", kHindiClaims, kHindiQuestions, "", "मैं एक एआई सहायक हूँ, इंसान नहीं"},
};

constexpr Text kReporting[] = {"if", "whether", "that", "said", "says", "say", "saying", "means", "mean", "wrote", "write", "claims", "claimed", "pretend", "imagine", "like", "phrase", "sentence",
                               "translates", "wenn", "ob", "dass", "sagte", "sagt", "heißt", "bedeutet", "si", "que", "dijo", "dice", "significa", "dit", "signifie", "se", "disse", "diz", "che", "dice"};
constexpr Text kContinuing[] = {"rights", "resources", "resource", "readable", "trafficking", "capital", "sized", "like", "made", "centered", "of", "who", "whose", "from", "rechte", "skeptic", "lawyer", "expert", "doctor",
                                "teacher", "scientist", "learning", "vision", "operator", "learner", "engineer", "researcher", "company", "in"};

}  // namespace

std::span<const IdentityPhrases> identity_phrases() { return kAll; }
std::span<const std::string_view> reporting_words() { return kReporting; }
std::span<const std::string_view> continuing_words() { return kContinuing; }

}  // namespace steward::filters
