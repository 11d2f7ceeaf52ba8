// The C interface: calls that append tokens to rows of a cache, and what they choose or score.
#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "api_impl.h"

namespace gpt2 {
namespace {

// Checks a whole call before it changes anything.
void require_good(gpt2_engine& engine, const gpt2_cache& holder, int n, const int32_t* rows,
                  const int32_t* counts, const int32_t* ids) {
  Model& model = engine.model;
  const Cache& cache = holder.cache;
  require(holder.engine == &engine, GPT2_INVALID, "this cache belongs to another engine");
  require_complete(engine);
  std::set<int> seen;
  const int most = std::min(cache.capacity(), static_cast<int>(model.shape().positions));
  for (int i = 0; i < n; ids += counts[i++]) {
    require_row(cache, rows[i]);
    require(seen.insert(rows[i]).second, GPT2_INVALID,
            "row " + std::to_string(rows[i]) + " is named twice");
    require(counts[i] >= 1, GPT2_INVALID,
            "row " + std::to_string(rows[i]) + " has no new token; each row needs at least one");
    const int64_t total = static_cast<int64_t>(cache.length(rows[i])) + counts[i];
    require(total <= most, GPT2_CONTEXT,
            "row " + std::to_string(rows[i]) + " would hold " + std::to_string(total) +
                " tokens; there is room for " + std::to_string(most));
    for (int k = 0; k < counts[i]; k++) {
      require(ids[k] >= 0 && ids[k] < model.shape().vocabulary, GPT2_INVALID,
              "token id " + std::to_string(ids[k]) + "; the vocabulary has " +
                  std::to_string(model.shape().vocabulary));
    }
  }
}

// Feeds the model batch after batch, each as large as allowed. `picks(number, last)` returns
// whether the logits of a new token are requested, by its number in the call and whether it is its
// row's last.
template <class Picks, class Pass>
void extend(const Model& model, Cache& cache, int n, const int32_t* rows, const int32_t* counts,
            const int32_t* ids, const Picks& picks, const Pass& pass) {
  Batch batch;
  const auto flush = [&] {
    pass(batch);
    batch.tokens.clear();
    batch.picked.clear();
  };
  for (int i = 0, number = 0; i < n; i++) {
    for (int k = 0; k < counts[i]; k++, number++) {
      if (picks(number, k == counts[i] - 1)) batch.picked.push_back(batch.size());
      batch.tokens.push_back({ids[number], rows[i], cache.length(rows[i]) + k});
      if (batch.size() == Model::kMostTokens && !model.tapped()) flush();
    }
  }
  if (batch.size() > 0) flush();
  for (int i = 0; i < n; i++) cache.set_length(rows[i], cache.length(rows[i]) + counts[i]);
}

// The same with logits. `room(count)` returns where the logits of a batch's picked tokens go,
// `done(count)` processes them.
template <class Room, class Done>
void extend(Model& model, Cache& cache, int n, const int32_t* rows, const int32_t* counts,
            const int32_t* ids, int mode, const Largest& wanted, const Room& room,
            const Done& done) {
  extend(
      model, cache, n, rows, counts, ids,
      [&](int, bool last) { return mode == GPT2_LOGITS_ALL || (mode == GPT2_LOGITS_LAST && last); },
      [&](const Batch& batch) {
        const int picked = static_cast<int>(batch.picked.size());
        model.forward(batch, cache, picked > 0 ? room(picked) : nullptr, wanted);
        if (picked > 0) done(picked);
      });
}

void require_targets(const Model& model, int n, const int32_t* counts, const int32_t* targets) {
  for (int i = 0; i < n; targets += counts[i++]) {
    for (int k = 0; k < counts[i]; k++) {
      require(targets[k] >= -1 && targets[k] < model.shape().vocabulary, GPT2_INVALID,
              "target " + std::to_string(targets[k]) + "; the vocabulary has " +
                  std::to_string(model.shape().vocabulary));
    }
  }
}

void require_mode(int mode) {
  require(mode >= GPT2_LOGITS_NONE && mode <= GPT2_LOGITS_ALL, GPT2_INVALID,
          "unknown logits mode " + std::to_string(mode));
}

}  // namespace
}  // namespace gpt2

using gpt2::guarded;
using gpt2::require;

int gpt2_check(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
               const int32_t* counts, const int32_t* ids) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
  });
}

int gpt2_extend(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                const int32_t* counts, const int32_t* ids, int32_t mode, float* logits) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_mode(mode);
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
    const size_t width = engine->model.shape().vocabulary;
    gpt2::extend(
        engine->model, cache->cache, n, rows, counts, ids, mode, {}, [&](int) { return logits; },
        [&](int count) { logits += count * width; });
  });
}

int gpt2_extend_top(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                    const int32_t* counts, const int32_t* ids, int32_t mode, int32_t k,
                    int32_t* top, float* logits) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_mode(mode);
    const int most = std::min<int>(gpt2::kMostTop, engine->model.shape().vocabulary);
    require(k >= 1 && k <= most, GPT2_INVALID,
            "cannot return the " + std::to_string(k) + " largest logits; at least 1 and at most " +
                std::to_string(most) + " are possible");
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
    gpt2::Selector& selector = engine->selector;
    gpt2::extend(
        engine->model, cache->cache, n, rows, counts, ids, mode, {k, 1},
        [&](int count) { return selector.logits(count); },
        [&](int count) {
          selector.top(engine->model.pool(), count, k, top, logits);
          top += count * k;
          logits += count * k;
        });
  });
}

int gpt2_extend_logprobs(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                         const int32_t* counts, const int32_t* ids, const int32_t* targets,
                         float* logprobs, uint8_t* greedy) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
    gpt2::require_targets(engine->model, n, counts, targets);
    gpt2::Model& model = engine->model;
    gpt2::Logprobs& found = engine->logprobs;
    std::vector<int32_t> wanted;
    const int32_t* at = targets;  // of the batch
    gpt2::extend(
        model, cache->cache, n, rows, counts, ids,
        [&](int number, bool) { return targets[number] >= 0; },
        [&](const gpt2::Batch& batch) {
          const int size = batch.size(), picked = static_cast<int>(batch.picked.size());
          wanted.clear();
          for (const int token : batch.picked) wanted.push_back(at[token]);
          found.start(wanted.data(), picked);
          if (picked == 0) {
            model.forward(batch, cache->cache, nullptr);
          } else if (model.tapped()) {
            float* logits = engine->selector.logits(picked);
            model.forward(batch, cache->cache, logits);
            found.reduce(model.pool(), logits);
          } else {
            model.forward(batch, cache->cache, found);
          }
          std::fill(logprobs, logprobs + size, 0.0f);
          std::fill(greedy, greedy + size, 0);
          for (int i = 0; i < picked; i++) {
            logprobs[batch.picked[i]] = found.logprob(i);
            greedy[batch.picked[i]] = found.greedy(i);
          }
          at += size;
          logprobs += size;
          greedy += size;
        });
  });
}

int gpt2_extend_draw(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                     const int32_t* counts, const int32_t* ids, int32_t mode,
                     const gpt2_sampling* sampling, const double* noise, int32_t* tokens) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_mode(mode);
    gpt2::require_sampling(*sampling);
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
    gpt2::Selector& selector = engine->selector;
    gpt2::extend(
        engine->model, cache->cache, n, rows, counts, ids, mode, selector.needed(*sampling),
        [&](int count) { return selector.logits(count); },
        [&](int count) {
          selector.draw(engine->model.pool(), count, *sampling, noise, tokens);
          noise += count;
          tokens += count;
        });
  });
}

int gpt2_extend_asked(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                      const int32_t* counts, const int32_t* ids, int32_t asks, const gpt2_ask* ask,
                      int32_t k, gpt2_answer* answers, int32_t* top, float* logprobs) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_good(*engine, *cache, n, rows, counts, ids);
    gpt2::require_asks(engine->selector, std::accumulate(counts, counts + n, 0), asks, ask, k);
    gpt2::Model& model = engine->model;
    const gpt2_ask *next = ask, *end = ask + asks, *begin = ask;  // begin: the batch's first
    gpt2::extend(
        model, cache->cache, n, rows, counts, ids,
        [&](int number, bool) { return next < end && next->at == number && ++next; },
        [&](const gpt2::Batch& batch) {
          const int picked = static_cast<int>(batch.picked.size());
          if (picked == 0) return model.forward(batch, cache->cache, nullptr);
          model.forward(batch, cache->cache, engine->selector.logits(picked),
                        engine->asker.needed(begin, picked));
          engine->asker.answer(model.pool(), begin, picked, k, answers, top, logprobs);
          begin += picked;
          answers += picked;
          top += static_cast<size_t>(picked) * k;
          logprobs += static_cast<size_t>(picked) * k;
        });
  });
}

int gpt2_draw(gpt2_engine* engine, int32_t n, const float* logits, const gpt2_sampling* sampling,
              const double* noise, int32_t* tokens) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    gpt2::require_sampling(*sampling);
    const size_t size = static_cast<size_t>(n) * engine->model.shape().vocabulary;
    std::copy(logits, logits + size, engine->selector.logits(n));
    engine->selector.draw(engine->model.pool(), n, *sampling, noise, tokens);
  });
}

int gpt2_weights(gpt2_engine* engine, int32_t n, const float* scores, int32_t* weights) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->selector.weights(n, scores, weights);
  });
}
