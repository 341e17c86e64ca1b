#pragma once

#include <memory>

#include "steward/model/language_model.h"

struct llama_batch;
struct llama_context;

namespace steward::model {

/// Tokens of several sequences for one pass of llama.cpp.
class DecodeBatch {
 public:
  explicit DecodeBatch(int tokens_max);
  ~DecodeBatch();

  void clear();
  bool empty() const;
  /// Returns its row, by which its logits are found if they are wanted. At most tokens_max of them.
  int add(Token token, int position, int sequence, bool wants_logits);
  bool decode(llama_context* context);

 private:
  std::unique_ptr<llama_batch> value_;
};

}  // namespace steward::model
