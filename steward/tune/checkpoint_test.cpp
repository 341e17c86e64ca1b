#include "steward/tune/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "steward/core/files.h"
#include "steward/tune/llama.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/tiny.h"
#include "steward/tune/token_losses.h"

namespace steward::tune {
namespace {

TEST(AdamW, TakesTheStepsOfThePaper) {
  const Tensor matrix = at::tensor({1.0F, -2.0F}).reshape({1, 2}).requires_grad_(), vector = at::tensor({3.0F}).requires_grad_();
  AdamW optimizer({{"matrix", matrix}, {"vector", vector}}, {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.1});
  double value = 1, mean = 0, square = 0, free = 3, free_mean = 0, free_square = 0;
  for (int step = 1; step <= 3; ++step) {
    (matrix.square().sum() + vector.square().sum()).backward();
    optimizer.step(0.05);
    EXPECT_FALSE(matrix.grad().defined());
    const auto by_hand = [step](double& at, double& m, double& v, double decay) {
      const double gradient = 2 * at;
      m = 0.9 * m + 0.1 * gradient;
      v = 0.99 * v + 0.01 * gradient * gradient;
      const double change = m / (1 - std::pow(0.9, step)) / (std::sqrt(v / (1 - std::pow(0.99, step))) + 1e-6);
      at = at * (1 - 0.05 * decay) - 0.05 * change;
    };
    by_hand(value, mean, square, 0.1);
    by_hand(free, free_mean, free_square, 0);
    EXPECT_NEAR(matrix[0][0].item<double>(), value, 1e-6);
    EXPECT_NEAR(vector[0].item<double>(), free, 1e-6) << "vectors do not decay";
  }
}

TEST(AdamW, ClipsTheNormOverAllGradients) {
  const Tensor a = at::zeros({1}).requires_grad_(), b = at::zeros({1}).requires_grad_();
  (3 * a + 4 * b).sum().backward();
  EXPECT_NEAR(clip_gradients({{"a", a}, {"b", b}}, 0), 5, 1e-6);
  EXPECT_NEAR(clip_gradients({{"a", a}, {"b", b}}, 1), 5, 1e-6);
  EXPECT_NEAR(a.grad().item<float>(), 0.6, 1e-6);
  EXPECT_NEAR(b.grad().item<float>(), 0.8, 1e-6);
}

/// A tiny model that is trained on random tokens of the step's number.
class Training {
 public:
  Training()
      : model_(testing::random_weights(testing::tiny_shape())),
        lora_(*make_lora(model_.shape(), {.rank = 2})),
        optimizer_(lora_.named(), {}) {}
  void step() {
    const auto tokens = testing::random_tokens(20, model_.shape().vocabulary, static_cast<std::uint64_t>(optimizer_.steps()));
    const Packed batch = pack({tokens});
    const Tensor hidden = model_.hidden(batch, {&lora_, Keep::kLayerInputs}).narrow(0, 0, 19);
    weighted_nll({hidden, model_.head(), batch.tokens.narrow(0, 1, 19)}, at::ones({19})).backward();
    clip_gradients(optimizer_.parameters(), 1);
    optimizer_.step(0.01);
  }
  AdamW& optimizer() { return optimizer_; }

 private:
  Llama model_;
  Lora lora_;
  AdamW optimizer_;
};

std::string folder(const std::string& name) {
  const std::string out = testing::scratch_folder() + "/" + name;
  std::filesystem::create_directories(out);
  return out;
}

std::string bytes_of(AdamW& optimizer) {
  const std::string at = folder("bytes");
  EXPECT_TRUE(write_checkpoint(at, take_checkpoint(optimizer, {})));
  return *read_file(at + "/trainer.safetensors");
}

TEST(Checkpoint, ARunThatGoesOnGivesTheSameBytes) {
  Training whole;
  for (int i = 0; i < 6; ++i) whole.step();
  Training first;
  for (int i = 0; i < 3; ++i) first.step();
  const std::string at = folder("half");
  ASSERT_TRUE(write_checkpoint(at, take_checkpoint(first.optimizer(), {{"cursor", 3}})));
  EXPECT_NE(bytes_of(first.optimizer()), bytes_of(whole.optimizer()));
  Training second;
  const auto read = read_checkpoint(at);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->facts.at("cursor"), 3);
  ASSERT_TRUE(restore(*read, second.optimizer()));
  EXPECT_EQ(bytes_of(second.optimizer()), bytes_of(first.optimizer()));
  for (int i = 0; i < 3; ++i) second.step();
  EXPECT_EQ(bytes_of(second.optimizer()), bytes_of(whole.optimizer()));
}

TEST(Checkpoint, OfAnotherRunIsAnError) {
  Training run;
  Checkpoint checkpoint = take_checkpoint(run.optimizer(), {});
  checkpoint.parameters.erase(checkpoint.parameters.begin());
  EXPECT_FALSE(restore(checkpoint, run.optimizer()));
  checkpoint = take_checkpoint(run.optimizer(), {});
  checkpoint.parameters.begin()->second = at::zeros({1, 1});
  EXPECT_FALSE(restore(checkpoint, run.optimizer()));
  checkpoint = take_checkpoint(run.optimizer(), {});
  checkpoint.optimizer.erase(checkpoint.optimizer.begin());
  EXPECT_FALSE(restore(checkpoint, run.optimizer()));
  EXPECT_FALSE(read_checkpoint("/nowhere"));
}

}  // namespace
}  // namespace steward::tune
