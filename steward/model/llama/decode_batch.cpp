#include "steward/model/llama/decode_batch.h"

#include <llama.h>

namespace steward::model {

DecodeBatch::DecodeBatch(int tokens_max) : value_(std::make_unique<llama_batch>(llama_batch_init(tokens_max, 0, 1))) {}
DecodeBatch::~DecodeBatch() { llama_batch_free(*value_); }

void DecodeBatch::clear() { value_->n_tokens = 0; }
bool DecodeBatch::empty() const { return value_->n_tokens == 0; }

int DecodeBatch::add(Token token, int position, int sequence, bool wants_logits) {
  const int at = value_->n_tokens++;
  value_->token[at] = token;
  value_->pos[at] = position;
  value_->n_seq_id[at] = 1;
  value_->seq_id[at][0] = sequence;
  value_->logits[at] = wants_logits ? 1 : 0;
  return at;
}

bool DecodeBatch::decode(llama_context* context) { return llama_decode(context, *value_) == 0; }

}  // namespace steward::model
