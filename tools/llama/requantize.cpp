// requantize IN.gguf OUT.gguf Q8_0|Q4_0|F16: rewrites a model in another number format, also from an already quantised one.
// The result is written beside OUT and renamed, so that a half-written model is never found.
#include <cstdio>
#include <cstring>
#include <string>

#include "llama.h"

int main(int argc, char** argv) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.allow_requantize = true;
  params.nthread = 2;
  const char* format = argc == 4 ? argv[3] : "";
  if (std::strcmp(format, "Q8_0") == 0) {
    params.ftype = LLAMA_FTYPE_MOSTLY_Q8_0;
  } else if (std::strcmp(format, "Q4_0") == 0) {
    params.ftype = LLAMA_FTYPE_MOSTLY_Q4_0;
  } else if (std::strcmp(format, "F16") == 0) {
    params.ftype = LLAMA_FTYPE_MOSTLY_F16;
  } else {
    std::fprintf(stderr, "usage: requantize IN.gguf OUT.gguf Q8_0|Q4_0|F16\n");
    return 2;
  }
  const std::string part = std::string(argv[2]) + ".part";
  if (llama_model_quantize(argv[1], part.c_str(), &params) != 0 || std::rename(part.c_str(), argv[2]) != 0) {
    std::fprintf(stderr, "requantize: cannot convert %s\n", argv[1]);
    std::remove(part.c_str());
    return 1;
  }
  return 0;
}
