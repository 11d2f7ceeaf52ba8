// The C interface: calls that inspect a model, leave parts of it out, or run single parts.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "api_impl.h"
#include "intervals.h"

using gpt2::guarded;
using gpt2::require;

int gpt2_engine_tap(gpt2_engine* engine, gpt2_tap tap, void* context) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.set_tap(tap, context);
  });
}

int gpt2_engine_omit(gpt2_engine* engine, const gpt2_omissions* omissions) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.omit(omissions);
  });
}

int gpt2_engine_begin(gpt2_engine* engine, int32_t layer, int32_t tokens, const float* hidden) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.begin(layer, tokens, hidden);
  });
}

int gpt2_engine_twin(gpt2_engine* engine, gpt2_engine** twin) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_complete(*engine);
    const gpt2::Model& model = engine->model;
    auto made = std::make_unique<gpt2_engine>(model.shape(), model.options());
    made->model.share(model);
    *twin = made.release();
  });
}

int gpt2_engine_rows(gpt2_engine* engine, const char* name, int32_t first, int32_t count,
                     float* to) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.rows(name, first, count, to);
  });
}

int gpt2_head(gpt2_engine* engine, int32_t n, const float* hidden, float* logits) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    require(n >= 1, GPT2_INVALID, "at least one row of the residual stream is needed");
    gpt2::require_complete(*engine);
    engine->model.logits(n, hidden, logits);
  });
}

int gpt2_entropy(gpt2_engine* engine, int32_t n, const float* logits, double* log_sums,
                 double* entropies) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    const int size = engine->model.shape().vocabulary;
    std::vector<float> powers(static_cast<size_t>(gpt2::padded(size, gpt2::kLanes)));
    for (int i = 0; i < n; i++, logits += size) {
      std::copy(logits, logits + size, powers.begin());
      const double sum = engine->model.kernels().exponentials(powers.data(), size, 1);
      double weighted = 0;
      for (int j = 0; j < size; j++) weighted += static_cast<double>(powers[j]) * logits[j];
      log_sums[i] = *std::max_element(logits, logits + size) + std::log(sum);
      entropies[i] = log_sums[i] - weighted / sum;
    }
  });
}

int gpt2_interval_of(gpt2_engine* engine, int32_t n, const float* logits, const int32_t* tokens,
                     int32_t* begins, int32_t* ends) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    const int size = engine->model.shape().vocabulary;
    for (int i = 0; i < n; i++, logits += size) {
      require(
          tokens[i] >= 0 && tokens[i] < size, GPT2_INVALID,
          "token id " + std::to_string(tokens[i]) + "; the vocabulary has " + std::to_string(size));
      const gpt2::Intervals intervals(engine->selector, logits, size);
      begins[i] = static_cast<int32_t>(intervals.begin(tokens[i]));
      ends[i] = static_cast<int32_t>(intervals.begin(tokens[i] + 1));
    }
  });
}

int gpt2_interval_at(gpt2_engine* engine, const float* logits, int32_t point, int32_t* token,
                     int32_t* begin, int32_t* end) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    require(point >= 0 && point < gpt2::Intervals::kWhole, GPT2_INVALID,
            "point " + std::to_string(point) + " is not in [0, 2^30)");
    const gpt2::Intervals intervals(engine->selector, logits, engine->model.shape().vocabulary);
    *token = intervals.at(point);
    *begin = static_cast<int32_t>(intervals.begin(*token));
    *end = static_cast<int32_t>(intervals.begin(*token + 1));
  });
}
