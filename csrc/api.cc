// The C interface: engines, caches, packing, the probe. Checks the arguments, and turns exceptions
// into status codes. The calls that extend a cache are in api_extend.cc, those that inspect a model
// in api_inside.cc.
#include <cstring>
#include <set>
#include <string>

#include "api_impl.h"
#include "probe.h"

namespace gpt2 {

GPT2_THREAD_LOCAL std::string message;
GPT2_THREAD_LOCAL const gpt2_engine* inside = nullptr;
Gate* gate = new Gate;  // it outlives every thread

namespace {

const gpt2_packing& checked(const gpt2_packing& p) {
  require(p.dtype >= GPT2_F32 && p.dtype <= GPT2_INT4, GPT2_INVALID,
          "unknown dtype " + std::to_string(p.dtype));
  for (const int size : {p.outputs, p.inputs}) {
    require(size >= 1 && size <= (1 << 24), GPT2_INVALID,
            "a matrix has from 1 to 2^24 outputs and inputs, found " + std::to_string(size));
  }
  require(p.threads >= 1 && p.threads <= 1024, GPT2_INVALID,
          "threads must be from 1 to 1024, found " + std::to_string(p.threads));
  require(!p.factor == !p.order, GPT2_INVALID, "factor and order must be given together");
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

}  // namespace
}  // namespace gpt2

using gpt2::guarded;
using gpt2::require;

const char* gpt2_abi(void) {
  static const std::string abi = [] {
    std::string text = std::to_string(GPT2_ABI);
    for (const size_t size : {sizeof(gpt2_shape), sizeof(gpt2_options), sizeof(gpt2_sampling),
                              sizeof(gpt2_rescored), sizeof(gpt2_packing), sizeof(gpt2_point),
                              sizeof(gpt2_omissions), sizeof(gpt2_ask), sizeof(gpt2_answer)}) {
      text += " " + std::to_string(size);
    }
    return text;
  }();
  return abi.c_str();
}

const char* gpt2_message(void) { return gpt2::message.c_str(); }

void gpt2_before_fork(void) { gpt2::gate->close(gpt2::inside != nullptr); }

void gpt2_after_fork_in_parent(void) { gpt2::gate->open(); }

void gpt2_after_fork_in_child(void) {
  gpt2::gate =
      new gpt2::Gate;  // the old one leaks: threads wait there that the child does not have
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
    const gpt2::ExactHead::Counts rescored = engine->model.rescored();
    *counts = {rescored.last, rescored.total, rescored.rows};
  });
}

int gpt2_cache_new(gpt2_engine* engine, int32_t rows, int32_t capacity, gpt2_cache** cache) {
  return guarded([&] {
    require(rows >= 1, GPT2_INVALID, "a cache needs at least one row");
    require(capacity >= 1, GPT2_INVALID, "a cache needs room for at least one token");
    require(capacity <= engine->model.shape().positions, GPT2_CONTEXT,
            "a cache cannot hold " + std::to_string(capacity) + " tokens; the model has " +
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
    gpt2::Cache& rows = cache->cache;
    gpt2::require_row(rows, from);
    gpt2::require_row(rows, to);
    require(from != to, GPT2_INVALID,
            "row " + std::to_string(from) + " cannot be copied to itself");
    require(length >= 0 && length <= rows.length(from), GPT2_INVALID,
            std::to_string(length) + " tokens cannot be copied from row " + std::to_string(from) +
                ", it has " + std::to_string(rows.length(from)));
    rows.copy_row(from, to, length);
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

int gpt2_probe(int32_t threads, const char* kernels, size_t bytes, double seconds,
               double* read_rate, double* multiply_rate) {
  return guarded([&] {
    require(threads >= 1, GPT2_INVALID, "at least one thread is needed");
    const gpt2::Kernels* table = gpt2::find_kernels(kernels);
    require(table != nullptr, GPT2_INVALID,
            std::string("this processor does not run kernels called ") + (kernels ? kernels : ""));
    gpt2::ThreadPool pool(threads);
    *read_rate = gpt2::read_rate(*table, pool, bytes, seconds);
    *multiply_rate = gpt2::multiply_rate(*table, pool, seconds);
  });
}
