#pragma once

#include <string_view>
#include <vector>

#include "steward/filters/injection/rules.h"
#include "steward/text/mapped_text.h"

namespace steward::filters {

struct StructureMatch {
  Structure what;
  text::Span span;  ///< in the text
};

/// Chat template tokens, role headers, faked turns and split payloads of a raw text. Needs no words, so that it works in every language.
void find_structures(std::string_view raw, std::vector<StructureMatch>& out);

/// Where each sentence begins, the first at 0. A sentence ends behind . ! ? and their like in other scripts, at a line's end (also one that
/// is written as an escape), and where a JSON string does.
std::vector<std::size_t> sentence_begins(std::string_view raw);

/// True if nothing but space and marks of lists and headings stands between `at` and where a sentence begins; opens_string() also takes
/// the beginning of a quotation or of a string of JSON.
bool opens_sentence(std::string_view raw, std::size_t at);
bool opens_string(std::string_view raw, std::size_t at);

/// Where what stands at `at` begins: the sentence that begins at `begin`, or the string within it.
std::size_t string_begin(std::string_view raw, std::size_t begin, std::size_t at);
/// Where the paragraph, string or block of data that goes on at `at` ends, if that is near; else `at`.
std::size_t paragraph_end(std::string_view raw, std::size_t at);
/// Without white space at the ends.
text::Span trimmed(std::string_view raw, text::Span span);

/// E-mail addresses and links: each character `@` between word characters, and each "://".
std::vector<text::Span> find_addresses(std::string_view raw);

/// Functions called by name in prose: "call delete_file", "use send_email".
std::vector<text::Span> find_calls(std::string_view raw);

/// Parts of a user's message that the user only hands over: fenced, tagged and triple-quoted blocks, quoted lines, an e-mail with its
/// headers, what follows "summarise this text:". In order, apart.
std::vector<text::Span> data_regions(std::string_view raw);

}  // namespace steward::filters
