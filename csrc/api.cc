// The C interface: checks what comes in, and turns exceptions into status codes.
#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "ask.h"
#include "cache.h"
#include "error.h"
#include "gate.h"
#include "gpt2.h"
#include "logprob.h"
#include "model.h"
#include "probe.h"
#include "select.h"

#if defined(__wasm__) && !GPT2_THREADS  // there is only one, and its library may have no locks
namespace gpt2 {
struct Mutex {};
struct Lock {
  Lock() {}
  explicit Lock(Mutex&) {}
};
}  // namespace gpt2
#define GPT2_THREAD_LOCAL  // and one first used in a catch block would trap there
#else
#define GPT2_THREAD_LOCAL thread_local
#include <mutex>
namespace gpt2 {
using Mutex = std::mutex;
using Lock = std::unique_lock<std::mutex>;
}  // namespace gpt2
#endif

struct gpt2_engine {
  gpt2_engine(const gpt2_shape& shape, const gpt2_options& options)
      : model(shape, options),
        selector(model.kernels(), shape.vocabulary),
        logprobs(model.kernels(), shape.vocabulary),
        asker(selector, logprobs) {}
  gpt2::Model model;
  gpt2::Selector selector;
  gpt2::Logprobs logprobs;
  gpt2::Asker asker;
  gpt2::Mutex mutex;      // one call at a time
  bool complete = false;  // every tensor was found to be set
};

struct gpt2_cache {
  gpt2_cache(const gpt2_engine* engine, int rows, int capacity, gpt2_dtype dtype)
      : engine(engine), cache(engine->model.shape(), rows, capacity, dtype) {}
  const gpt2_engine* engine;
  gpt2::Cache cache;
};

namespace gpt2 {
namespace {

GPT2_THREAD_LOCAL std::string message;
GPT2_THREAD_LOCAL const gpt2_engine* inside = nullptr;  // the engine whose tap this thread is in
Gate* gate = new Gate;  // it outlives every thread

// From a thread's outermost call of an engine to that one's end.
class Passage {
 public:
  explicit Passage(bool outermost) : outermost_(outermost) {
    if (outermost_) gate->enter();
  }
  ~Passage() {
    if (outermost_) gate->leave();
  }

 private:
  const bool outermost_;
};

// One call on an engine at a time. A tap that calls its own engine would wait for ever.
class Turn {
 public:
  explicit Turn(gpt2_engine* engine) : before_(inside), passage_(inside == nullptr) {
    require(inside != engine, GPT2_INVALID, "a tap cannot call the engine it looks into");
    lock_ = Lock(engine->mutex);
    inside = engine;
  }
  ~Turn() { inside = before_; }

 private:
  const gpt2_engine* before_;
  const Passage passage_;
  Lock lock_;
};

template <class Work>
int guarded(const Work& work) {
  try {
    work();
    return GPT2_OK;
  } catch (const Error& error) {
    message = error.what();
    return error.status;
  } catch (const std::bad_alloc&) {
    message = "no memory left";
    return GPT2_MEMORY;
  } catch (const std::exception& error) {
    message = error.what();
    return GPT2_MEMORY;  // what else the library throws here: it could not start a thread
  }
}

void require_row(const Cache& cache, int row) {
  require(
      row >= 0 && row < cache.rows(), GPT2_INVALID,
      "row " + std::to_string(row) + " of a cache of " + std::to_string(cache.rows()) + " rows");
}

// Nothing is touched before all of a call is known to be good.
void require_good(gpt2_engine& engine, const gpt2_cache& holder, int n, const int32_t* rows,
                  const int32_t* counts, const int32_t* ids) {
  Model& model = engine.model;
  const Cache& cache = holder.cache;
  require(holder.engine == &engine, GPT2_INVALID, "this cache belongs to another engine");
  if (!engine.complete) model.require_complete();
  engine.complete = true;
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

const gpt2_packing& checked(const gpt2_packing& p) {
  require(p.dtype >= GPT2_F32 && p.dtype <= GPT2_INT4, GPT2_INVALID,
          "unknown dtype " + std::to_string(p.dtype));
  for (const int size : {p.outputs, p.inputs}) {
    require(size >= 1 && size <= (1 << 24), GPT2_INVALID,
            "a matrix has from 1 to 2^24 outputs and inputs, found " + std::to_string(size));
  }
  require(p.threads >= 1 && p.threads <= 1024, GPT2_INVALID,
          "threads must be from 1 to 1024, found " + std::to_string(p.threads));
  require(!p.factor == !p.order, GPT2_INVALID, "a factor and its order belong together");
  if (!p.factor) return p;
  std::set<int32_t> seen(p.order, p.order + p.inputs);
  require(static_cast<int>(seen.size()) == p.inputs && *seen.begin() == 0 &&
              *seen.rbegin() == p.inputs - 1,
          GPT2_INVALID, "the order must name every input once");
  for (size_t i = 0; i < seen.size(); i++) {
    const float* row = p.factor + i * seen.size();
    float sum = 0;
    for (size_t k = 0; k <= i; k++) sum += row[k];
    require(row[i] > 0 && sum - sum == 0, GPT2_INVALID,
            "the factor must be finite and above 0 on its diagonal");
  }
  return p;
}

// Feeds the model batch after batch, each as full as it may be. `picks(number, last)` says whether
// the logits of a new token are wanted: which one of all, and whether it is its row's last.
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

// The same with logits. `room(count)` says where those of a batch's picked tokens go, `done(count)`
// takes them.
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

const char* gpt2_abi(void) {
  static const std::string abi = [] {
    std::string found = std::to_string(GPT2_ABI);
    for (const size_t size : {sizeof(gpt2_shape), sizeof(gpt2_options), sizeof(gpt2_sampling),
                              sizeof(gpt2_rescored), sizeof(gpt2_packing), sizeof(gpt2_point),
                              sizeof(gpt2_omissions), sizeof(gpt2_ask), sizeof(gpt2_answer)}) {
      found += " " + std::to_string(size);
    }
    return found;
  }();
  return abi.c_str();
}

const char* gpt2_message(void) { return gpt2::message.c_str(); }

void gpt2_before_fork(void) { gpt2::gate->close(gpt2::inside != nullptr); }

void gpt2_after_fork_in_parent(void) { gpt2::gate->open(); }

void gpt2_after_fork_in_child(void) {
  gpt2::gate = new gpt2::Gate;  // the old one stays: threads wait there that are not here
  if (gpt2::inside != nullptr) gpt2::gate->enter();
}

int gpt2_engine_new(const gpt2_shape* shape, const gpt2_options* options, gpt2_engine** engine) {
  return guarded([&] { *engine = new gpt2_engine(*shape, *options); });
}

void gpt2_engine_free(gpt2_engine* engine) { delete engine; }

int gpt2_engine_set(gpt2_engine* engine, const char* name, int32_t dtype, const void* data,
                    const int64_t* dims, int32_t rank) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.set(name, static_cast<gpt2_dtype>(dtype), data, dims, rank);
  });
}

int gpt2_engine_packed(gpt2_engine* engine, const char* name, const void** bytes, size_t* size) {
  return guarded([&] {
    const gpt2::Matrix& matrix = engine->model.packed(name);
    *bytes = matrix.bytes();
    *size = matrix.size();
  });
}

int gpt2_engine_set_packed(gpt2_engine* engine, const char* name, const void* bytes, size_t size) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    engine->model.set_packed(name, bytes, size);
  });
}

int gpt2_packed_size(const gpt2_packing* packing, size_t* size) {
  return guarded([&] {
    const gpt2_packing& p = gpt2::checked(*packing);
    *size = gpt2::Matrix::packed_size(static_cast<gpt2_dtype>(p.dtype), p.outputs, p.inputs);
  });
}

int gpt2_pack(const gpt2_packing* packing, int32_t from, const void* data, void* to, size_t size) {
  return guarded([&] {
    const gpt2_packing& p = gpt2::checked(*packing);
    require(from >= GPT2_F32 && from <= GPT2_BF16, GPT2_WEIGHTS,
            "numbers to pack must be F32, F16 or BF16");
    const size_t outputs = p.outputs, inputs = p.inputs;
    const gpt2::Source source = {static_cast<gpt2_dtype>(from), data, p.transposed ? 1 : inputs,
                                 p.transposed ? outputs : 1};
    gpt2::ThreadPool pool(p.threads);
    gpt2::Matrix matrix;
    try {
      matrix = gpt2::Matrix(static_cast<gpt2_dtype>(p.dtype), p.outputs, p.inputs, source, pool,
                            {p.search != 0, p.factor, p.order, p.inputs});
    } catch (const gpt2::NotFinite& error) {
      throw gpt2::Error(GPT2_WEIGHTS, std::string("numbers to pack hold ") + error.what);
    }
    require(size == matrix.size(), GPT2_INVALID,
            "the packed matrix has " + std::to_string(matrix.size()) +
                " bytes, there is room for " + std::to_string(size));
    std::memcpy(to, matrix.bytes(), size);
  });
}

const char* gpt2_engine_kernels(const gpt2_engine* engine) { return engine->model.kernels().name; }

int32_t gpt2_engine_threads(const gpt2_engine* engine) { return engine->model.threads(); }

size_t gpt2_engine_bytes(const gpt2_engine* engine) { return engine->model.weight_bytes(); }

int gpt2_engine_rescored(gpt2_engine* engine, gpt2_rescored* counts) {
  return guarded([&] {
    const gpt2::Turn turn(engine);
    const gpt2::ExactHead::Counts found = engine->model.rescored();
    *counts = {found.last, found.total, found.rows};
  });
}

int gpt2_cache_new(gpt2_engine* engine, int32_t rows, int32_t capacity, gpt2_cache** cache) {
  return guarded([&] {
    require(rows >= 1, GPT2_INVALID, "a cache needs at least one row");
    require(capacity >= 1, GPT2_INVALID, "a cache needs room for at least one token");
    require(capacity <= engine->model.shape().positions, GPT2_CONTEXT,
            "a cache of " + std::to_string(capacity) + " tokens; the model has " +
                std::to_string(engine->model.shape().positions) + " positions");
    const auto dtype = static_cast<gpt2_dtype>(engine->model.options().kv_dtype);
    *cache = new gpt2_cache(engine, rows, capacity, dtype);
  });
}

void gpt2_cache_free(gpt2_cache* cache) { delete cache; }

int32_t gpt2_cache_length(const gpt2_cache* cache, int32_t row) {
  return row >= 0 && row < cache->cache.rows() ? cache->cache.length(row) : -1;
}

size_t gpt2_cache_bytes(const gpt2_cache* cache) { return cache->cache.bytes(); }

int gpt2_cache_gather(gpt2_cache* cache, const int32_t* sources) {
  return guarded([&] {
    for (int i = 0; i < cache->cache.rows(); i++) gpt2::require_row(cache->cache, sources[i]);
    cache->cache.gather(sources);
  });
}

int gpt2_cache_copy(gpt2_cache* cache, int32_t from, int32_t to, int32_t length) {
  return guarded([&] {
    gpt2::Cache& own = cache->cache;
    gpt2::require_row(own, from);
    gpt2::require_row(own, to);
    require(from != to, GPT2_INVALID, "row " + std::to_string(from) + " is a copy of itself");
    require(length >= 0 && length <= own.length(from), GPT2_INVALID,
            std::to_string(length) + " tokens cannot be copied from row " + std::to_string(from) +
                ", it has " + std::to_string(own.length(from)));
    own.copy_row(from, to, length);
  });
}

int gpt2_cache_truncate(gpt2_cache* cache, int32_t row, int32_t length) {
  return guarded([&] {
    gpt2::require_row(cache->cache, row);
    const int now = cache->cache.length(row);
    require(length >= 0 && length <= now, GPT2_INVALID,
            "row " + std::to_string(row) + " cannot be cut to " + std::to_string(length) +
                " tokens, it has " + std::to_string(now));
    cache->cache.set_length(row, length);
  });
}

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
            "the " + std::to_string(k) + " largest logits were asked for; at least 1 and at most " +
                std::to_string(most) + " can be had");
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

int gpt2_probe(int32_t threads, const char* kernels, size_t bytes, double seconds,
               double* read_rate, double* multiply_rate) {
  return guarded([&] {
    require(threads >= 1, GPT2_INVALID, "at least one thread is needed");
    const gpt2::Kernels* found = gpt2::find_kernels(kernels);
    require(found != nullptr, GPT2_INVALID,
            std::string("this processor does not run kernels called ") + (kernels ? kernels : ""));
    gpt2::ThreadPool pool(threads);
    *read_rate = gpt2::read_rate(*found, pool, bytes, seconds);
    *multiply_rate = gpt2::multiply_rate(*found, pool, seconds);
  });
}
