// Damaged weights: an error or some logits, never a crash. Bytes lie in memory of just their size,
// so that the address sanitizer sees one read past their end.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "small_model.h"

namespace {

constexpr char kName[] = "transformer.h.1.mlp.c_fc.weight";
constexpr char kTable[] = "transformer.wte.weight";

std::vector<uint8_t> packed(const Engine& engine, const char* name) {
  const void* bytes = nullptr;
  size_t size = 0;
  CHECK(gpt2_engine_packed(engine.get(), name, &bytes, &size) == GPT2_OK);
  const auto* first = static_cast<const uint8_t*>(bytes);
  return {first, first + size};
}

int give(const Engine& engine, const char* name, const std::vector<uint8_t>& bytes) {
  return gpt2_engine_set_packed(engine.get(), name, bytes.data(), bytes.size());
}

void run(const Engine& engine) {
  const Memory memory = new_memory(engine, 1, 6);
  extend(engine, memory, kAwkward.vocabulary, {0}, {{1, 50, 3}});
}

void cut_off(const Engine& engine, const char* name) {
  const auto whole = packed(engine, name);
  for (size_t size = 0; size < whole.size(); size += size < 200 ? 1 : 97) {
    // The core must not look further than it was told.
    CHECK(give(engine, name, {whole.begin(), whole.begin() + size}) == GPT2_WEIGHTS);
  }
  auto longer = whole;
  longer.push_back(0);
  CHECK(give(engine, name, longer) == GPT2_WEIGHTS);
}

void flipped(const gpt2_options& options, const char* name, Random& random) {
  const Engine engine = new_engine(kAwkward, options);
  const auto whole = packed(engine, name);
  for (int turn = 0; turn < 120; turn++) {
    auto bytes = whole;
    const int flips = random.from(1, 6);
    for (int i = 0; i < flips; i++) {
      const int limit = turn % 2 ? 64 : static_cast<int>(whole.size());  // the header above all
      bytes[static_cast<size_t>(random.below(limit))] ^= static_cast<uint8_t>(1 << random.below(8));
    }
    const int status = give(engine, name, bytes);
    CHECK(status == GPT2_OK || status == GPT2_WEIGHTS);
    if (status == GPT2_OK) run(engine);
    CHECK(give(engine, name, whole) == GPT2_OK);
  }
  run(engine);
}

void refused_tensors() {
  const Engine engine = empty_engine(kAwkward, {GPT2_INT4, GPT2_INT8, GPT2_F16, 2, nullptr});
  const Tensors good = random_tensors(kAwkward);
  Tensor wrong = good.at(kName);
  wrong.dims = {50, 36};
  CHECK(!set_tensor(engine.get(), kName, wrong));
  wrong.dims = {36 * 50};
  CHECK(!set_tensor(engine.get(), kName, wrong));
  CHECK(!set_tensor(engine.get(), "transformer.h.2.ln_1.bias", wrong));
  for (const float value : {INFINITY, NAN}) {
    for (const size_t place : {size_t{0}, size_t{901}, size_t{36 * 50 - 1}}) {
      wrong = good.at(kName);
      wrong.values[place] = value;
      CHECK(!set_tensor(engine.get(), kName, wrong));
    }
  }
  CHECK(gpt2_engine_set_packed(engine.get(), "transformer.wpe.weight", &wrong, 64) == GPT2_WEIGHTS);
  const auto bytes =
      packed(new_engine(kAwkward, {GPT2_F32, GPT2_F32, GPT2_F32, 1, nullptr}), kName);
  std::vector<uint8_t> shifted(bytes.size() + 1);
  std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
  CHECK(gpt2_engine_set_packed(engine.get(), kName, shifted.data() + 1, bytes.size()) ==
        GPT2_WEIGHTS);
}

// Numbers at the ends of what fp32 has are packed without undefined conversions.
void extreme_numbers() {
  const float most = std::numeric_limits<float>::max();
  const float odd[] = {most, -most, 1e-45f, -0.0f, 1e-38f, 65520, -65504, 6e-8f, 3e38f};
  for (const int dtype : {GPT2_F32, GPT2_F16, GPT2_BF16, GPT2_INT8, GPT2_INT4}) {
    const Engine engine = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 1, nullptr});
    Tensor tensor = random_tensors(kAwkward).at(kName);
    Random random(9);
    for (float& value : tensor.values) value = odd[random.below(9)];
    set_tensor(engine.get(), kName, tensor);  // taken or refused
    run(engine);
    for (float& value : tensor.values) value = 0;
    CHECK(set_tensor(engine.get(), kName, tensor));
    run(engine);
  }
}

}  // namespace

void test_damage() {
  Random random(8);
  for (const int dtype : {GPT2_F32, GPT2_F16, GPT2_BF16, GPT2_INT8, GPT2_INT4}) {
    const gpt2_options options = {dtype, dtype, GPT2_F16, 1, nullptr};
    const Engine engine = new_engine(kAwkward, options);
    for (const char* name : {kName, kTable}) {
      cut_off(engine, name);
      flipped(options, name, random);
    }
  }
  refused_tensors();
  extreme_numbers();
}
