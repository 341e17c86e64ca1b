// llama.cpp's converter from JSON Schema to GBNF, compiled as it is into this file, so that what it would only warn about (a
// part of the schema that it leaves out) is a failure here, and no text of a client's schema reaches stderr.
#include <cstdio>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "constrain.h"
#define fprintf(...) throw std::invalid_argument("the schema can be enforced in part only")
#include "json-schema-to-grammar.cpp"
#undef fprintf

// The two functions of llama.cpp's common.cpp that the converter calls; the rest of that file is a program's command line.
std::string string_join(const std::vector<std::string>& values, const std::string& separator) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : separator) + values[i];
  return out;
}

std::vector<std::string> string_split(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (auto at = text.find(delimiter); at != std::string::npos; at = text.find(delimiter, begin)) {
    out.push_back(text.substr(begin, at - begin));
    begin = at + delimiter.size();
  }
  out.push_back(text.substr(begin));
  return out;
}

std::string string_repeat(const std::string& text, std::size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

namespace llama_constrain {

std::optional<std::string> schema_to_gbnf(const std::string& schema) {
  try {
    return json_schema_to_grammar(common_json::parse(schema), true);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace llama_constrain
