#include "steward/text/fence.h"

#include "steward/text/view.h"

namespace steward::text {
namespace {

constexpr std::string_view kBegin = "qx";
/// Letters that stand for themselves in a skeleton, alone and beside each other.
constexpr std::string_view kLetters = "abcdefghjkpqstuvwxyz";

/// Marks the words of so many letters that stand in `skeleton`, each by its number: its letters read as digits.
void mark_words(std::string_view skeleton, std::size_t letters, std::vector<bool>& taken) {
  for (std::size_t at = 0; (at = skeleton.find(kBegin, at)) != std::string_view::npos; at += kBegin.size()) {
    const std::string_view word = skeleton.substr(at + kBegin.size(), letters);
    std::size_t number = 0;
    for (const char letter : word) {
      const std::size_t digit = kLetters.find(letter);
      if (digit == std::string_view::npos) {
        number = taken.size();
        break;
      }
      number = number * kLetters.size() + digit;
    }
    if (word.size() == letters && number < taken.size()) taken[number] = true;
  }
}

}  // namespace

std::string Fence::quote(std::string_view text) const { return "<<<" + word + "\n" + std::string(text) + "\n" + word + ">>>\n"; }

Fence fence_for(const std::vector<std::string_view>& texts) {
  std::vector<std::string> skeletons;
  for (const std::string_view text : texts) skeletons.push_back(skeleton_text(text));
  std::size_t words = kLetters.size() * kLetters.size();
  for (std::size_t letters = 3;; ++letters) {  // a text holds fewer words than it has bytes: soon there are more
    words *= kLetters.size();
    std::vector<bool> taken(words, false);
    for (const std::string& skeleton : skeletons) mark_words(skeleton, letters, taken);
    std::size_t number = 0;
    while (number < words && taken[number]) ++number;
    if (number == words) continue;
    Fence fence{std::string(kBegin)};
    for (std::size_t unit = words / kLetters.size(); unit > 0; unit /= kLetters.size())
      fence.word += kLetters[number / unit % kLetters.size()];
    return fence;
  }
}

}  // namespace steward::text
