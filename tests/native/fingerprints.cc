// Prints what small models compute, as hashes, to be compared between processors: a line for each
// table of kernels that this one runs, each kind of weights and each kind of keys and values.
#include <algorithm>

#include "small_model.h"

namespace {

const struct {
  gpt2_dtype value;
  const char* name;
} kDtypes[] = {{GPT2_F32, "fp32"},
               {GPT2_F16, "fp16"},
               {GPT2_BF16, "bf16"},
               {GPT2_INT8, "int8"},
               {GPT2_INT4, "int4"}};

// Weights of more than one block, more rows than a tile has; small, for an emulator has to run it.
constexpr gpt2_shape kWide = {40, 30, 64, 1, 2, 560, GPT2_GELU_TANH, 1, 0, 1, 1e-5f};

// FNV-1a.
uint64_t hash(const std::vector<float>& x, uint64_t state) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(x.data());
  for (size_t i = 0; i < x.size() * sizeof(float); i++) {
    state = (state ^ bytes[i]) * 0x100000001b3u;
  }
  return state;
}

// The logits of the texts, each alone, `piece` tokens a call.
std::vector<float> alone(const Engine& engine, const gpt2_shape& shape, const Rows& texts,
                         size_t piece) {
  std::vector<float> all;
  for (const auto& text : texts) {
    const Memory memory = new_memory(engine, 1, shape.positions);
    for (size_t i = 0; i < text.size(); i += piece) {
      const auto end = text.begin() + std::min(i + piece, text.size());
      const auto more = extend(engine, memory, shape.vocabulary, {0}, {{text.begin() + i, end}});
      all.insert(all.end(), more.begin(), more.end());
    }
  }
  return all;
}

// The same, all texts in one call.
std::vector<float> together(const Engine& engine, const gpt2_shape& shape, const Rows& texts) {
  std::vector<int32_t> rows;
  for (size_t r = 0; r < texts.size(); r++) rows.push_back(static_cast<int32_t>(r));
  const Memory memory = new_memory(engine, static_cast<int>(texts.size()), shape.positions);
  return extend(engine, memory, shape.vocabulary, rows, texts);
}

// The hash of a model's logits, which no schedule and no number of threads may change.
uint64_t fingerprint(const gpt2_shape& shape, gpt2_options options, uint64_t state) {
  Random random(7);
  const Rows texts = random_rows(random, 2, shape.positions - 1, shape.vocabulary);
  const Engine one = new_engine(shape, options);
  options.threads = 2;
  const Engine many = new_engine(shape, options);
  const auto logits = together(one, shape, texts);
  CHECK(same_bits(logits, together(many, shape, texts)));
  for (const size_t piece : {1, 7}) CHECK(same_bits(logits, alone(one, shape, texts, piece)));
  return hash(logits, state);
}

bool runs(const char* table) {
  const gpt2_options options = {GPT2_F32, GPT2_F32, GPT2_F32, 1, table};
  gpt2_engine* engine = nullptr;
  const bool good = gpt2_engine_new(&kAwkward, &options, &engine) == GPT2_OK;
  gpt2_engine_free(engine);
  return good;
}

}  // namespace

int main() {
  const gpt2_options best = {GPT2_F32, GPT2_F32, GPT2_F32, 1, nullptr};
  std::printf("best %s\n", gpt2_engine_kernels(empty_engine(kAwkward, best).get()));
  for (const char* table : kTables) {
    if (!runs(table)) continue;
    for (const auto& dtype : kDtypes) {
      for (const auto& kv : kDtypes) {
        if (kv.value == GPT2_BF16 || kv.value == GPT2_INT4) continue;
        const gpt2_options options = {dtype.value, dtype.value, kv.value, 1, table};
        uint64_t state = 0xcbf29ce484222325u;
        for (const gpt2_shape& shape : {kAwkward, kWide}) {
          state = fingerprint(shape, options, state);
        }
        std::printf("%s %s kv %s %016llx\n", table, dtype.name, kv.name,
                    static_cast<unsigned long long>(state));
      }
    }
  }
  return 0;
}
