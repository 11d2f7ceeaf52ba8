// The native GPT-2 engine as a plain C interface: the only door into the core.
//
// The core turns token ids into logits. It knows bytes and no files, and no Python. Every call
// returns a gpt2_status; after anything but GPT2_OK, gpt2_message() tells what was found. A call
// that fails leaves its engine and cache as they were. Calls on one engine wait for one another.
#ifndef GPT2_H_
#define GPT2_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define GPT2_API __declspec(dllexport)
#else
#define GPT2_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GPT2_OK = 0,
  GPT2_INVALID = 1,  // an argument that cannot be used
  GPT2_CONTEXT = 2,  // more tokens than fit
  GPT2_WEIGHTS = 3,  // wrong names, shapes or bytes of weights
  GPT2_MEMORY = 4,   // no memory left
  GPT2_STOPPED = 5,  // a tap asked for it
} gpt2_status;

typedef enum {
  GPT2_F32 = 0,
  GPT2_F16 = 1,
  GPT2_BF16 = 2,
  GPT2_INT8 = 3,  // one scale per output: 8 bits a weight
  GPT2_INT4 = 4,  // one 8-bit scale per 32 inputs: 4.25 bits a weight
} gpt2_dtype;

typedef enum {
  GPT2_GELU_TANH = 0,
  GPT2_GELU = 1,
  GPT2_RELU = 2,
  GPT2_SILU = 3,
  GPT2_TANH = 4,
} gpt2_activation;

typedef enum {
  GPT2_LOGITS_NONE = 0,
  GPT2_LOGITS_LAST = 1,  // after the last new token of each row
  GPT2_LOGITS_ALL = 2,   // after every new token, row after row
} gpt2_logits;

// Whether gpt2_extend_top, and gpt2_extend_draw with a top_k, look for the largest logits in an
// int8 copy of the head, made in the first such call, and compute only those that may be among
// them. It changes no result, and costs the copy's memory. For a head of F32, F16 or BF16; k at
// most 64.
typedef enum {
  GPT2_EXACT_HEAD_AUTO = 0,  // where the head is too large for a cache: over 32 MB
  GPT2_EXACT_HEAD_ON = 1,
  GPT2_EXACT_HEAD_OFF = 2,
} gpt2_exact_head;

typedef struct {
  int32_t vocabulary, positions, width, layers, heads, inner;
  int32_t activation;   // gpt2_activation
  int32_t scale;        // divide attention scores by the square root of the head's width
  int32_t layer_scale;  // and by the number of the layer, counted from 1
  int32_t tied;         // the output head is the token embedding
  float epsilon;        // of the layer norms
} gpt2_shape;

typedef struct {
  int32_t dtype;       // of the matrices in the layers
  int32_t head_dtype;  // of the token embedding and the output head
  int32_t kv_dtype;    // of keys and values: GPT2_F16, GPT2_F32 or GPT2_INT8
  int32_t threads;     // at least 1; one per physical core is best
  const char*
      kernels;         // "generic", "avx2", "avx512", "neon", "neon_base"; NULL: the best that runs
  int32_t exact_head;  // gpt2_exact_head
} gpt2_options;

// How a token is drawn: divide by the temperature, then keep the top_k most probable (0: all) and
// what equals the last of them, the fewest with a mass of top_p (1: all), what has at least min_p
// (0: all) of the best one's probability, the mass typical_p (1: all) of those whose surprise is
// nearest the entropy, and what is at least as probable as epsilon and as the smaller of eta and
// sqrt(eta) e^-entropy (0 or 1: all). The last four need a top_k from 1 to 128.
typedef struct {
  float temperature;  // above 0
  int32_t top_k;
  double top_p, min_p;
  double typical_p, epsilon, eta;
  int32_t renormalize;  // draw by the rounded logarithms of the probabilities that are left
} gpt2_sampling;

// Logits that the exact head computed in full: in the last row, in all rows; and how many rows.
typedef struct {
  int64_t last, total, rows;
} gpt2_rescored;

typedef struct gpt2_engine gpt2_engine;
typedef struct gpt2_cache gpt2_cache;

// Raised with every change of this file that code compiled or written for an older one does not
// bear.
#define GPT2_ABI 3

// GPT2_ABI and the sizes of shape, options, sampling, rescored, packing, point, omissions, ask and
// answer, with spaces between: a caller whose own differ must not go on.
GPT2_API const char* gpt2_abi(void);

// Around fork() in a process of several threads; else a child may wait for ever for an engine that
// another thread was using. The first returns when no call runs on any engine; then they wait until
// the second, or in the child the third.
GPT2_API void gpt2_before_fork(void);
GPT2_API void gpt2_after_fork_in_parent(void);
GPT2_API void gpt2_after_fork_in_child(void);

// What went wrong in this thread's last failed call.
GPT2_API const char* gpt2_message(void);

// An engine with a shape and no weights yet; each one has threads of its own.
GPT2_API int gpt2_engine_new(const gpt2_shape* shape, const gpt2_options* options,
                             gpt2_engine** engine);
GPT2_API void gpt2_engine_free(gpt2_engine* engine);

// Set one tensor by its name in the checkpoint ("transformer.h.0.attn.c_attn.weight"), from
// row-major numbers of `dtype` (F32, F16 or BF16). They are packed now and not needed afterwards.
GPT2_API int gpt2_engine_set(gpt2_engine* engine, const char* name, int32_t dtype, const void* data,
                             const int64_t* dims, int32_t rank);

// A matrix as it was packed: `*bytes` belongs to the engine. gpt2_engine_set_packed takes the same
// bytes again without copying them; they must stay where they are while the engine lives.
GPT2_API int gpt2_engine_packed(gpt2_engine* engine, const char* name, const void** bytes,
                                size_t* size);
GPT2_API int gpt2_engine_set_packed(gpt2_engine* engine, const char* name, const void* bytes,
                                    size_t size);

// How one matrix is packed without an engine.
typedef struct {
  int32_t dtype;  // as it will be stored
  int32_t outputs, inputs;
  int32_t transposed;  // the numbers come as [inputs, outputs], else as [outputs, inputs]
  int32_t search;      // int4: try several scales for each group
  // Make up for each rounding with the inputs still to come, in the order `order` [inputs]:
  // `factor` [inputs, inputs] is the lower triangle L of L L^T, the inverse of X^T X for inputs X
  // of the matrix in that order. NULL, NULL: every weight goes to its nearest.
  const float* factor;
  const int32_t* order;
  int32_t threads;
} gpt2_packing;

// The bytes the packed matrix will have; then these bytes, from numbers of dtype `from` (F32, F16
// or BF16), written to `to`.
GPT2_API int gpt2_packed_size(const gpt2_packing* packing, size_t* size);
GPT2_API int gpt2_pack(const gpt2_packing* packing, int32_t from, const void* data, void* to,
                       size_t size);

// Facts: the name of the kernels chosen, the number of threads, the bytes of the packed weights.
GPT2_API const char* gpt2_engine_kernels(const gpt2_engine* engine);
GPT2_API int32_t gpt2_engine_threads(const gpt2_engine* engine);
GPT2_API size_t gpt2_engine_bytes(const gpt2_engine* engine);
GPT2_API int gpt2_engine_rescored(gpt2_engine* engine, gpt2_rescored* counts);

// Room for `rows` independent sequences of at most `capacity` tokens. A cache may outlive neither
// its engine nor be used with another one.
GPT2_API int gpt2_cache_new(gpt2_engine* engine, int32_t rows, int32_t capacity,
                            gpt2_cache** cache);
GPT2_API void gpt2_cache_free(gpt2_cache* cache);
GPT2_API int32_t gpt2_cache_length(const gpt2_cache* cache, int32_t row);
// The memory it takes when it is full.
GPT2_API size_t gpt2_cache_bytes(const gpt2_cache* cache);
// Row r becomes a copy of what row sources[r] was; as many sources as the cache has rows.
GPT2_API int gpt2_cache_gather(gpt2_cache* cache, const int32_t* sources);
// Row `to` becomes a copy of the first `length` tokens of row `from`, another one.
GPT2_API int gpt2_cache_copy(gpt2_cache* cache, int32_t from, int32_t to, int32_t length);
// Forget all but the first `length` tokens of a row.
GPT2_API int gpt2_cache_truncate(gpt2_cache* cache, int32_t row, int32_t length);

// Append counts[i] >= 1 tokens to row rows[i], for i < n; `ids` holds them one row after another.
// `logits` takes [n, vocabulary] for LAST and [sum of counts, vocabulary] for ALL.
GPT2_API int gpt2_extend(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                         const int32_t* counts, const int32_t* ids, int32_t mode, float* logits);

// As gpt2_extend, but instead of logits the `k` largest of them: ids and logits, [n, k] for LAST
// and [sum of counts, k] for ALL; largest first, equals by lower id, NaN before all. k is at most
// 128 and the vocabulary.
GPT2_API int gpt2_extend_top(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                             const int32_t* counts, const int32_t* ids, int32_t mode, int32_t k,
                             int32_t* top, float* logits);

// As gpt2_extend, but instead of logits how probable given tokens are. targets [sum of counts] has
// the token that is judged after each new one, or -1 for none; so do the results: the natural
// logarithm of its probability, and whether it is the most probable token (1; of equals the lowest
// id). Both are 0 where there is no target. All logits of a token never exist at a time.
GPT2_API int gpt2_extend_logprobs(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                                  const int32_t* rows, const int32_t* counts, const int32_t* ids,
                                  const int32_t* targets, float* logprobs, uint8_t* greedy);

// As gpt2_extend, but instead of logits tokens drawn from them, [n] for LAST and [sum of counts]
// for ALL. As many numbers of `noise` in [0, 1) decide: a token is the first whose running sum of
// weights, in the order of the ids, exceeds its number times the whole sum. A weight is
// exp(score - best score) in units of 2^-30, so the same on every processor.
GPT2_API int gpt2_extend_draw(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                              const int32_t* rows, const int32_t* counts, const int32_t* ids,
                              int32_t mode, const gpt2_sampling* sampling, const double* noise,
                              int32_t* tokens);

typedef enum {
  GPT2_CHOOSE_NONE = 0,
  GPT2_CHOOSE_GIVEN = 1,    // judge a given token
  GPT2_CHOOSE_LARGEST = 2,  // the likeliest; of equals the lowest id
  GPT2_CHOOSE_DRAWN = 3,    // as by gpt2_extend_draw
} gpt2_choice;

// What is wanted after one new token.
typedef struct {
  int32_t at;              // which one of the call's, counted over all rows
  int32_t choice;          // gpt2_choice
  int32_t token;           // GIVEN
  int32_t top;             // log-probabilities, also of so many of the largest; -1: none
  gpt2_sampling sampling;  // DRAWN
  double noise;            // DRAWN
  float* logits;           // takes all logits [vocabulary]; or NULL
} gpt2_ask;

typedef struct {
  int32_t token;  // given or chosen; -1 where none is, or none can be: see gpt2_extend_draw
  // The natural logarithm of its probability, NaN where the logits are not finite: its logit less
  // the largest one less log_sum, the logarithm of the sum of exp(logit - largest). All three are 0
  // where `top` is -1.
  float logprob, largest;
  double log_sum;
} gpt2_answer;

// As gpt2_extend, but it answers asks, which stand in the order of their tokens. Each has options
// of its own, and is answered as it would be alone. `top` and `logprobs` [asks, k] take the largest
// ones' ids and logarithms of probabilities, as many of a line as were asked for, in the order of
// gpt2_extend_top. A token that cannot be chosen is no error of the call.
GPT2_API int gpt2_extend_asked(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                               const int32_t* rows, const int32_t* counts, const int32_t* ids,
                               int32_t asks, const gpt2_ask* ask, int32_t k, gpt2_answer* answers,
                               int32_t* top, float* logprobs);

// The same draw, but from logits [n, vocabulary] that are handed in; they stay as they are.
GPT2_API int gpt2_draw(gpt2_engine* engine, int32_t n, const float* logits,
                       const gpt2_sampling* sampling, const double* noise, int32_t* tokens);

// The weights of `n` scores that are at most 0, the best one's: exp(score) in units of 2^-30.
GPT2_API int gpt2_weights(gpt2_engine* engine, int32_t n, const float* scores, int32_t* weights);

// Only the checks of gpt2_extend: what passes them can be fed in pieces.
GPT2_API int gpt2_check(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                        const int32_t* counts, const int32_t* ids);

// ---- Looking inside, and leaving parts out ----

// A named point of the forward pass and what is there, [sum of counts, heads, width], or
// [sum of counts, width] where heads is 0. The names are those of the torch model (gpt2/points.py).
typedef struct {
  const char* name;       // "embed", "h.0.attn.pattern", ...
  float* values;          // may be changed in place
  int32_t rows;           // of the call of gpt2_extend, in its order,
  const int32_t* counts;  // and the new tokens of each, [rows]
  int32_t heads, width;
  int64_t token_stride, head_stride;  // in numbers
} gpt2_point;

typedef enum {
  GPT2_TAP_SEEN = 0,
  GPT2_TAP_CHANGED = 1,  // the values were changed
  GPT2_TAP_STOP = 2,     // end the call with GPT2_STOPPED, the cache as it was
} gpt2_tap_result;

// Called in the thread that called gpt2_extend. It may not call this engine.
typedef int (*gpt2_tap)(void* context, const gpt2_point* point);

// From now on `tap` sees every point of every call; NULL: none. Each call then is computed in one
// piece and step by step, which takes more memory and time but changes no bit.
GPT2_API int gpt2_engine_tap(gpt2_engine* engine, gpt2_tap tap, void* context);

// What is left out (1) of the forward pass; NULL means nothing of that kind.
typedef struct {
  const uint8_t* heads;         // [layers, heads]: this head gives zeros
  const uint8_t* attention;     // [layers]: this layer's attention adds nothing to the stream
  const uint8_t* mlps;          // [layers]: nor this one's MLP
  const uint8_t* hidden;        // [positions]: later positions do not see this one
  int32_t position_embeddings;  // 1: none is added
} gpt2_omissions;

// From now on these are left out; NULL: nothing is.
GPT2_API int gpt2_engine_omit(gpt2_engine* engine, const gpt2_omissions* omissions);

// From now on passes with a tap begin before `layer` with its residual stream, [tokens, width], of
// just the tokens of the call, and leave what is below as it is in the cache. The numbers are
// copied; layer 0 means from the tokens on. Where the stream is what the layers below would give,
// so is all that comes of it, to the bit. A pass without a tap, or over another number of tokens,
// is an error.
GPT2_API int gpt2_engine_begin(gpt2_engine* engine, int32_t layer, int32_t tokens,
                               const float* hidden);

// An engine with the same weights, where they lie, and the same options, but threads, taps and
// omissions of its own. It must be freed before `engine` is, which keeps its weights meanwhile.
GPT2_API int gpt2_engine_twin(gpt2_engine* engine, gpt2_engine** twin);

// `count` rows from `first` on of a tensor as it is stored, by its name in the checkpoint: of a
// matrix the weights of outputs, [count, inputs]; of a table its rows; a vector is one row.
GPT2_API int gpt2_engine_rows(gpt2_engine* engine, const char* name, int32_t first, int32_t count,
                              float* to);

// The last layer norm and the output head alone: logits [n, vocabulary] of n rows of the residual
// stream [n, width], with the bits of gpt2_extend where a row is what it has after the last layer.
GPT2_API int gpt2_head(gpt2_engine* engine, int32_t n, const float* hidden, float* logits);

// Of the distributions that logits [n, vocabulary] stand for: the natural logarithms of the sums of
// their exponentials and their entropies in nats, [n] each.
GPT2_API int gpt2_entropy(gpt2_engine* engine, int32_t n, const float* logits, double* log_sums,
                          double* entropies);

// ---- Arithmetic coding ----

// [0, 2^30) is cut into an interval [begin, end) for each token, in the order of their ids, as long
// as the token is probable and at least 1; equal logits give equal intervals on every processor.
// The intervals of given tokens, [n] by logits [n, vocabulary]; the one that holds a point.
GPT2_API int gpt2_interval_of(gpt2_engine* engine, int32_t n, const float* logits,
                              const int32_t* tokens, int32_t* begins, int32_t* ends);
GPT2_API int gpt2_interval_at(gpt2_engine* engine, const float* logits, int32_t point,
                              int32_t* token, int32_t* begin, int32_t* end);

// The most this machine gives `threads` threads of the engine: bytes a second read from a buffer of
// `bytes`, which should be far more than its caches hold, and floating-point operations a second of
// multiply-adds in registers. Each is the best of many runs in about `seconds`.
GPT2_API int gpt2_probe(int32_t threads, const char* kernels, size_t bytes, double seconds,
                        double* read_rate, double* multiply_rate);

#ifdef __cplusplus
}
#endif

#endif  // GPT2_H_
