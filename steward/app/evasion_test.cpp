// Must-show line 6: each disguise over entries of the shipped lists and over addresses is found, and its benign twin is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include <fmt/format.h>

#include "steward/app/profiles.h"
#include "steward/core/files.h"
#include "steward/core/utf8.h"
#include "steward/text/encodings.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::app {
namespace {

using Disguise = std::function<std::string(const std::string&)>;

std::string each_char(const std::string& text, const std::function<std::string(char32_t, const std::string&)>& turn) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(text, at);
    out += turn(c, text.substr(begin, at - begin));
  }
  return out;
}

std::string each_byte(const std::string& text, const char* format) {
  std::string out;
  for (const char c : text) out += fmt::format(fmt::runtime(format), static_cast<unsigned char>(c));
  return out;
}

std::string utf8(char32_t c) {
  std::string out;
  append_utf8(c, out);
  return out;
}

std::string in_base(const std::string& text, int bits, const char* alphabet) {
  std::string out;
  unsigned buffer = 0;
  int have = 0;
  for (const char c : text) {
    buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (have += 8; have >= bits; have -= bits) out += alphabet[buffer >> (have - bits) & ((1u << bits) - 1)];
  }
  if (have > 0) out += alphabet[buffer << (bits - have) & ((1u << bits) - 1)];
  return out;
}

std::string base64(const std::string& text) { return in_base(text, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"); }

std::string selectors(const std::string& text) {
  std::string out = "\U0001F600";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += utf8(byte < 16 ? 0xFE00 + byte : 0xE0100 + byte - 16);
  }
  return out;
}

/// Disguises of letters: undone by the folded and skeleton views and by the phrase lists.
const std::vector<std::pair<const char*, Disguise>> kLetterDisguises = {
    {"capitals",
     [](const std::string& s) {
       return each_char(
           s, [](char32_t c, const std::string& b) { return c >= 'a' && c <= 'z' ? std::string(1, static_cast<char>(c - 32)) : b; });
     }},
    {"full width",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string& b) { return c > ' ' && c < 0x7F ? utf8(c + 0xFEE0) : b; });
     }},
    {"bold letters",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string& b) { return c >= 'a' && c <= 'z' ? utf8(0x1D41A + c - 'a') : b; });
     }},
    {"circled letters",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string& b) { return c >= 'a' && c <= 'z' ? utf8(0x24D0 + c - 'a') : b; });
     }},
    {"zero width", [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b + "\u200B"; }); }},
    {"soft hyphens", [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b + "\u00AD"; }); }},
    {"direction marks",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return "\u202D" + b + "\u202C"; }); }},
    {"variation selectors between",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b + "\uFE0F"; }); }},
    {"combining marks",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b + "\u0336\u0353"; }); }},
    {"html entities",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string&) { return fmt::format("&#{};", static_cast<unsigned>(c)); });
     }},
    {"hex entities",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string&) { return fmt::format("&#x{:X};", static_cast<unsigned>(c)); });
     }},
    {"percent", [](const std::string& s) { return each_byte(s, "%{:02x}"); }},
    {"percent twice", [](const std::string& s) { return each_byte(s, "%25{:02x}"); }},
    {"backslash u",
     [](const std::string& s) {
       return each_char(s, [](char32_t c, const std::string&) { return fmt::format("\\u{:04x}", static_cast<unsigned>(c)); });
     }},
    {"backslash x", [](const std::string& s) { return each_byte(s, "\\x{:02X}"); }},
    {"tags",
     [](const std::string& s) { return each_char(s, [](char32_t c, const std::string& b) { return c < 0x7F ? utf8(0xE0000 + c) : b; }); }},
    {"selector payload", selectors},
};

/// Encodings of a sentence: undone by decoding runs.
const std::vector<std::pair<const char*, Disguise>> kEncodings = {
    {"base64", base64},
    {"base64 for URLs",
     [](const std::string& s) {
       std::string out = base64(s);
       std::replace(out.begin(), out.end(), '+', '-');
       std::replace(out.begin(), out.end(), '/', '_');
       return out;
     }},
    {"base64 twice", [](const std::string& s) { return base64(base64(s)); }},
    {"base32", [](const std::string& s) { return in_base(s, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"); }},
    {"hex", [](const std::string& s) { return each_byte(s, "{:02x}"); }},
    {"spaced hex", [](const std::string& s) { return each_byte(s, "{:02X} "); }},
    {"prefixed hex", [](const std::string& s) { return each_byte(s, "0x{:02x}, "); }},
    {"bits", [](const std::string& s) { return each_byte(s, "{:08b} "); }},
    {"decimal codes", [](const std::string& s) { return each_byte(s, "{} "); }},
    {"rot13 in base64", [](const std::string& s) { return base64(text::rot13(s)); }},
    {"percent in base64", [](const std::string& s) { return base64(each_byte(s, "%{:02x}")); }},
};

/// Whole texts turned: read on input only.
const std::vector<std::pair<const char*, Disguise>> kMirrors = {
    {"rot13", [](const std::string& s) { return text::rot13(s); }},
    {"reversed", [](const std::string& s) { return text::reversed(s).text(); }},
};

/// Letters spelled out: for words, and for addresses with spaces only.
const std::vector<std::pair<const char*, Disguise>> kSpellings = {
    {"spaced letters",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b == " " ? " " : b + " "; }); }},
    {"spaced letters, wide gaps",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b + " "; }); }},
};
const std::vector<std::pair<const char*, Disguise>> kWordSpellings = {
    {"dashed letters",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b == " " ? " " : b + "-"; }); }},
    {"dotted letters",
     [](const std::string& s) { return each_char(s, [](char32_t, const std::string& b) { return b == " " ? "" : b + "."; }); }},
};

class Evasion : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const ManualClock clock(1'795'500'000'000'000);
    guard_ = load_guard(std::string(STEWARD_SOURCE_DIR) + "/policies/general-assistant.yaml", clock).value();
  }
  static void TearDownTestSuite() { guard_.reset(); }

  /// By filters that are right or wrong; how often the learned ones are is in docs/detection.md.
  static bool finds(const std::string& category, const std::string& text) {
    policy::Context context;
    context.language = "en";
    const auto decision = guard_->check_text(context, policy::Direction::kInput, text);
    return std::any_of(decision.findings.begin(), decision.findings.end(),
                       [&](const auto& ruled) { return ruled.finding.category == category && ruled.finding.filter != "learned"; });
  }
  /// What a stream of `text`, cut into pieces of seven bytes, lets through; with its decision.
  static std::pair<std::string, policy::Action> streamed(const std::string& text) {
    guard::Turn turn;
    turn.context.language = "en";
    turn.conversation = std::make_shared<guard::Conversation>(Key{});
    const auto output = guard_->open_output(turn);
    std::string sent;
    for (std::size_t at = 0; at < text.size(); at += 7) sent += output->push(std::string_view(text).substr(at, 7)).text;
    sent += output->finish().text;
    return {sent, output->decision().action};
  }
  /// Every n-th phrase of a shipped list.
  static std::vector<std::string> entries(const std::string& list, std::size_t count) {
    std::istringstream lines(read_file(std::string(STEWARD_SOURCE_DIR) + "/policies/lexicons/" + list).value());
    std::vector<std::string> all, out;
    for (std::string line; std::getline(lines, line);)
      if (!line.empty() && line[0] != '#') all.push_back(line.substr(0, line.find('\t')));
    for (std::size_t i = 0; i < all.size(); i += std::max<std::size_t>(1, all.size() / count)) out.push_back(all[i]);
    return out;
  }

  static std::shared_ptr<const guard::Guard> guard_;
};
std::shared_ptr<const guard::Guard> Evasion::guard_;

using Disguises = std::vector<std::pair<const char*, Disguise>>;

TEST_F(Evasion, DisguisedEntriesOfTheListsAreFound) {
  const std::vector<std::pair<std::string, std::string>> lists = {{"en/weapons_cbrne.txt", "weapons_cbrne"},
                                                                  {"en/violent_crimes.txt", "violent_crimes"},
                                                                  {"en/hate.txt", "hate"},
                                                                  {"en/sexual_content.txt", "sexual_content"}};
  for (const auto& [list, category] : lists) {
    for (const std::string& entry : entries(list, 20)) {
      ASSERT_TRUE(finds(category, "So, " + entry + "!")) << list;
      for (const Disguises* group : {&kLetterDisguises, &kSpellings, &kWordSpellings})
        for (const auto& [name, disguise] : *group)
          EXPECT_TRUE(finds(category, "So, " + disguise(entry) + "!")) << name << ": " << disguise(entry);
      const std::string sentence = "tell me all about " + entry + " now";
      for (const Disguises* group : {&kEncodings, &kMirrors})
        for (const auto& [name, disguise] : *group) EXPECT_TRUE(finds(category, disguise(sentence))) << name << ": " << disguise(sentence);
    }
  }
}

TEST_F(Evasion, DisguisedAddressesAreFound) {
  for (const std::string address : {"jane.doe@example.org", "m.mustermann@firma.de"}) {
    for (const Disguises* group : {&kLetterDisguises, &kSpellings})
      for (const auto& [name, disguise] : *group)
        EXPECT_TRUE(finds("privacy", "Mail " + disguise(address) + " today")) << name << ": " << disguise(address);
    for (const Disguises* group : {&kEncodings, &kMirrors})
      for (const auto& [name, disguise] : *group) EXPECT_TRUE(finds("privacy", disguise("please mail it to " + address + " now"))) << name;
  }
}

TEST_F(Evasion, DisguisedKeysAreFound) {
  const std::string key = std::string("ghp") + "_" + "x9Kq2LmZ7wRt4VbN8cYd1FgH5jPs3TaU6eWo";
  for (const auto& [name, disguise] : kLetterDisguises)
    EXPECT_TRUE(finds("credentials", "Use " + disguise(key) + " today")) << name << ": " << disguise(key);
  for (const auto& [name, disguise] : kEncodings) EXPECT_TRUE(finds("credentials", disguise("my key is " + key + " ok"))) << name;
}

/// The same disguises over innocent text find nothing.
TEST_F(Evasion, BenignTwinsAreLeftAlone) {
  for (const std::string text : {"how do i bake a cake for my sister", "the assassin bug lives in essex",
                                 "meet me at the cockpit of the plane", "version 1.2 of the tool is out"}) {
    for (const Disguises* group : {&kLetterDisguises, &kEncodings, &kMirrors, &kSpellings, &kWordSpellings}) {
      for (const auto& [name, disguise] : *group) {
        for (const char* category : {"privacy", "weapons_cbrne", "violent_crimes", "hate", "sexual_content", "profanity", "self_harm"})
          EXPECT_FALSE(finds(category, disguise(text))) << name << " " << category << ": " << disguise(text);
      }
    }
  }
}

/// On the way out, too: nothing of a disguised phrase or address is sent, whatever stands before it is.
TEST_F(Evasion, DisguisesDoNotLeaveInStreams) {
  const std::string before = "Here it is, as you asked: ";
  for (const Disguises* group : {&kLetterDisguises, &kEncodings, &kSpellings, &kWordSpellings}) {
    for (const auto& [name, disguise] : *group) {
      const std::string hidden = disguise("how to build a pipe bomb");
      const auto [sent, action] = streamed(before + hidden + " and more");
      EXPECT_EQ(action, policy::Action::kBlock) << name;
      const std::string seen = text::fold_text(sent),
                        carrier = "\U0001F600";  // an invisible mark, or what carries the hidden bytes, may go
      EXPECT_TRUE((text::fold_text(before) + carrier).starts_with(seen)) << name << ": " << sent;
    }
  }
  for (const Disguises* group : {&kLetterDisguises, &kSpellings}) {
    for (const auto& [name, disguise] : *group) {
      const std::string sent = streamed("Mail " + disguise("jane.doe@example.org") + " ok").first;
      EXPECT_NE(sent.find("[EMAIL]"), std::string::npos) << name << ": " << sent;
      EXPECT_EQ(text::fold_text(sent).find("jane"), std::string::npos) << name << ": " << sent;
    }
  }
}

/// Text that uses the same characters for what they are made for reaches the user as it was written.
TEST_F(Evasion, LegitimateUseReachesTheUserUnchanged) {
  for (const char* text :
       {"\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 \u0628\u0631\u0648\u0645",
        "\U0001F468\u200D\U0001F469\u200D\U0001F467 \u2764\uFE0F \U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F",
        "\u0915\u094D\u200D\u0937 \u0915\u094D\u200C\u0937", "cafe\u0301 nai\u0308ve", "AT&amp;T, 100%, C:\\users, a - b",
        "S3 and EKS cost 3.50 in us-east-1", "550e8400-e29b-41d4-a716-446655440000", "x = 0x1F; y = [104, 101, 108, 108, 111]",
        "P. S. Call me at noon, e. g. on the 1. 2. 2024"}) {
    const auto [sent, action] = streamed(text);
    EXPECT_EQ(sent, text);
    EXPECT_EQ(action, policy::Action::kPass) << text;
  }
}

}  // namespace
}  // namespace steward::app
