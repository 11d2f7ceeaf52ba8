// Shared by the files of the C interface: the engine and the cache of gpt2.h, a lock that
// serializes the calls on an engine, and the translation of exceptions into status codes.
#ifndef GPT2_API_IMPL_H_
#define GPT2_API_IMPL_H_

#include <new>
#include <string>

#include "ask.h"
#include "cache.h"
#include "error.h"
#include "gate.h"
#include "gpt2.h"
#include "logprob.h"
#include "model.h"
#include "select.h"

#if defined(__wasm__) && !GPT2_THREADS  // one thread, and a library that may have no locks
namespace gpt2 {
struct Mutex {};
struct Lock {
  Lock() {}
  explicit Lock(Mutex&) {}
};
}  // namespace gpt2
#define GPT2_THREAD_LOCAL  // a thread_local first used in a catch block would trap
#else
#define GPT2_THREAD_LOCAL thread_local
#include <mutex>
#include <system_error>
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
  bool complete = false;  // every tensor is known to be set
};

struct gpt2_cache {
  gpt2_cache(const gpt2_engine* engine, int rows, int capacity, gpt2_dtype dtype)
      : engine(engine), cache(engine->model.shape(), rows, capacity, dtype) {}
  const gpt2_engine* engine;
  gpt2::Cache cache;
};

namespace gpt2 {

// Per thread: the last error message, and the engine that it is calling, which a tap must not call.
extern GPT2_THREAD_LOCAL std::string message;
extern GPT2_THREAD_LOCAL const gpt2_engine* inside;
extern Gate* gate;

// Passes the gate from the start to the end of a thread's outermost call.
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

// Serializes the calls on an engine. A tap that called its own engine would wait forever.
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
    message = "out of memory";
    return GPT2_MEMORY;
#if GPT2_THREADS
  } catch (const std::system_error& error) {  // a thread could not start
    message = std::string("the system cannot start as many threads (") + error.what() +
              "): use fewer threads";
    return GPT2_INVALID;
#endif
  } catch (const std::exception&) {  // the only other one here: a size beyond every vector's
    message = "out of memory";
    return GPT2_MEMORY;
  }
}

inline void require_complete(gpt2_engine& engine) {
  if (!engine.complete) engine.model.require_complete();
  engine.complete = true;
}

inline void require_row(const Cache& cache, int row) {
  require(row >= 0 && row < cache.rows(), GPT2_INVALID,
          "row " + std::to_string(row) + " is out of range; the cache has " +
              std::to_string(cache.rows()) + " rows");
}

}  // namespace gpt2

#endif  // GPT2_API_IMPL_H_
