#include "select.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "error.h"
#include "select_impl.h"
#include "warp.h"

namespace gpt2 {

extern const SelectLoops select_generic;
#if GPT2_AVX2
extern const SelectLoops select_avx2;
#endif
#if GPT2_AVX512
extern const SelectLoops select_avx512;
#endif

const SelectLoops& find_select_loops(const char* kernels) {
#if GPT2_AVX512
  if (std::strcmp(kernels, "avx512") == 0 || std::strcmp(kernels, "amx") == 0) return select_avx512;
#endif
#if GPT2_AVX2
  if (std::strncmp(kernels, "avx2", 4) == 0) return select_avx2;
#endif
  (void)kernels;
  return select_generic;
}

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Exact: weights and their sums are integers below 2^53.
double number(int64_t sum) { return static_cast<double>(sum); }

}  // namespace

int32_t weight(float d) { return weights_of(F{} + d)[0]; }

void require_sampling(const gpt2_sampling& sampling) {
  require(sampling.temperature > 0 && sampling.top_k >= 0 && sampling.top_p >= 0 &&
              sampling.top_p <= 1 && sampling.min_p >= 0 && sampling.min_p <= 1 &&
              sampling.typical_p > 0 && sampling.typical_p <= 1,
          GPT2_INVALID,
          "sampling needs a temperature above 0, a top_k of at least 0, and top_p, min_p and "
          "typical_p between 0 and 1");
  require(!warps(sampling) || (sampling.top_k > 0 && sampling.top_k <= kMostTop), GPT2_INVALID,
          "typical_p, epsilon_cutoff, eta_cutoff and renormalising need a top_k from 1 to " +
              std::to_string(kMostTop));
}

Selector::Selector(const Kernels& kernels, int vocabulary)
    : loops_(find_select_loops(kernels.name)),
      n_(vocabulary),
      parts_((vocabulary + kPart - 1) / kPart) {}

float* Selector::logits(int rows) {
  const size_t size = sizeof(float) * n_ * rows;
  if (logits_.bytes() < size) logits_ = Buffer(size);
  return logits_.as<float>();
}

// Distributes the rows over the workers.
template <class Work>
void Selector::each_row(const Worker& worker, int rows, const Work& work) {
  for (int row = worker.index(); row < rows; row += worker.count()) work(row);
}

// This worker's share of all parts of all rows, as runs [begin, end) of the parts of a row.
template <class Work>
void Selector::each_run(const Worker& worker, int rows, const Work& work) {
  const Range share = worker.share(rows * parts_);
  for (int at = share.begin; at < share.end;) {
    const int row = at / parts_, begin = at % parts_;
    const int end = std::min(parts_, begin + share.end - at);
    work(row, begin, end);
    at += end - begin;
  }
}

void Selector::find_maxima(const Worker& worker, int rows) {
  uint8_t* nan = nan_.data() + static_cast<size_t>(worker.index()) * rows;
  each_run(worker, rows, [&](int row, int begin, int end) {
    float* largest = row_maxima(row);
    nan[row] = loops_.maxima(row_logits(row), n_, begin, end, largest);
  });
}

void Selector::start(ThreadPool& pool, int rows) {
  maxima_.resize(static_cast<size_t>(rows) * parts_);
  sums_.resize(static_cast<size_t>(rows) * parts_);
  nan_.assign(static_cast<size_t>(rows) * pool.threads(), 0);
  rows_.resize(rows);
}

bool Selector::has_nan(int row, int rows) const {
  for (size_t i = row; i < nan_.size(); i += rows) {
    if (nan_[i]) return true;
  }
  return false;
}

// A lower bound of the k-th largest logit of a row: k parts have one at least as large.
float Selector::bound(int row, int k) {
  if (k > parts_) return -kInfinity;
  std::vector<float>& largest = rows_[row].scratch;
  const float* maxima = row_maxima(row);
  largest.assign(maxima, maxima + parts_);
  std::nth_element(largest.begin(), largest.begin() + (k - 1), largest.end(), std::greater<>());
  return largest[k - 1];
}

// Collects the picks whose logit divided by the temperature is at least `least`, by id.
void Selector::collect(int row, float least, float temperature) {
  std::vector<Pick>& picks = rows_[row].picks;
  picks.clear();
  const float *x = row_logits(row), *maxima = row_maxima(row);
  for (int p = 0; p < parts_; p++) {
    if (!(maxima[p] / temperature >= least)) continue;
    for (int i = p * kPart, end = std::min(n_, i + kPart); i < end; i++) {
      const float score = x[i] / temperature;
      if (score >= least) picks.push_back({i, score, 0});
    }
  }
}

void Selector::top(ThreadPool& pool, int rows, int k, int32_t* ids, float* values) {
  tops_.clear();
  for (int row = 0; row < rows; row++, ids += k, values += k) {
    tops_.push_back({row, k, ids, values});
  }
  top(pool, tops_);
}

void Selector::top(ThreadPool& pool, const std::vector<Top>& wanted) {
  const int rows = static_cast<int>(wanted.size());
  start(pool, rows);
  for (int row = 0; row < rows; row++) rows_[row].line = wanted[row].line;
  pool.run([&](const Worker& worker) {
    find_maxima(worker, rows);
    worker.barrier();
    each_row(worker, rows, [&](int row) {
      const Top& top = wanted[row];
      top_row(row, top.k, has_nan(row, rows), top.ids, top.values);
    });
  });
}

void Selector::top_row(int row, int k, bool nan, int32_t* ids, float* values) {
  std::vector<Pick>& picks = rows_[row].picks;
  if (nan) {
    picks.clear();
    for (int i = 0; i < n_; i++) picks.push_back({i, row_logits(row)[i], 0});
  } else {
    collect(row, bound(row, k), 1);
  }
  const auto before = [](const Pick& a, const Pick& b) {
    const bool wrong = std::isnan(a.score), other = std::isnan(b.score);
    if (wrong != other) return wrong;
    return a.score > b.score || ((wrong || a.score == b.score) && a.id < b.id);
  };
  std::partial_sort(picks.begin(), picks.begin() + k, picks.end(), before);
  for (int i = 0; i < k; i++) {
    ids[i] = picks[i].id;
    values[i] = picks[i].score;
  }
}

Largest Selector::needed(const gpt2_sampling& sampling) const {
  const bool all = sampling.top_k >= n_;
  return {all ? 0 : sampling.top_k, sampling.temperature};
}

void Selector::draw(ThreadPool& pool, int rows, const gpt2_sampling& sampling, const double* noise,
                    int32_t* tokens) {
  draws_.clear();
  for (int row = 0; row < rows; row++) {
    draws_.push_back({row, &sampling, noise[row], tokens + row});
  }
  draw(pool, draws_);
  for (int row = 0; row < rows; row++) {
    require(
        rows_[row].finite, GPT2_INVALID,
        "no token is left to choose: the options exclude every token, or the model's logits are "
        "not finite because its weights or the precision it runs in overflow "
        "(remove_invalid_values=True continues anyway)");
  }
}

bool Selector::is_few(const gpt2_sampling& sampling) const {
  return sampling.top_k > 0 && sampling.top_k <= kMostTop &&
         (sampling.top_k < n_ || warps(sampling));
}

// Allocates what rows need for which `is_few` is false.
void Selector::make_room(ThreadPool& pool, int rows) {
  const size_t all = static_cast<size_t>(rows) * n_;
  bool many = false, mass = false;
  for (int row = 0; row < rows; row++) {
    many |= !rows_[row].few;
    mass |= by_mass(row);
  }
  if (many && weights_.bytes() < all * sizeof(int32_t)) weights_ = Buffer(all * sizeof(int32_t));
  if (!mass) return;
  if (buckets_.bytes() < all * sizeof(uint16_t)) buckets_ = Buffer(all * sizeof(uint16_t));
  masses_.resize(static_cast<size_t>(pool.threads()) * rows * kTables * kBuckets);
}

void Selector::draw(ThreadPool& pool, const std::vector<Draw>& wanted) {
  const int rows = static_cast<int>(wanted.size());
  start(pool, rows);
  bool few = true, mass = false;  // for all rows, for any row
  for (int row = 0; row < rows; row++) {
    Row& r = rows_[row];
    r.line = wanted[row].line;
    r.sampling = wanted[row].sampling;
    r.few = is_few(*r.sampling);
    few = few && r.few;
    mass = mass || by_mass(row);
  }
  make_room(pool, rows);
  pool.run([&](const Worker& worker) {
    find_maxima(worker, rows);
    worker.barrier();
    each_row(worker, rows, [&](int row) {
      const Draw& draw = wanted[row];
      prepare(row, rows, *draw.sampling);
      if (!rows_[row].finite) *draw.token = -1;
      if (rows_[row].few && rows_[row].finite) {
        draw_few(row, *draw.sampling, draw.noise, draw.token);
      }
    });
    if (few) return;
    worker.barrier();
    if (mass) std::fill_n(masses(worker.index(), 0, rows), kTables * kBuckets * rows, 0);
    weigh(worker, rows);
    worker.barrier();
    if (mass) {
      each_row(worker, rows, [&](int row) {
        if (by_mass(row) && rows_[row].finite) {
          rows_[row].cut = find_cut(row, rows, *wanted[row].sampling);
        }
      });
      worker.barrier();
      each_run(worker, rows, [&](int row, int begin, int end) {
        if (!by_mass(row)) return;
        loops_.cut(row_logits(row), n_, begin, end, rows_[row].cut, row_weights(row),
                   row_sums(row));
      });
      worker.barrier();
    }
    each_row(worker, rows, [&](int row) {
      if (!rows_[row].few && rows_[row].finite) *wanted[row].token = find(row, wanted[row].noise);
    });
  });
}

void Selector::weights(int n, const float* scores, int32_t* weights) const {
  const int parts = (n + kPart - 1) / kPart;
  std::vector<float> x(scores, scores + n), largest(parts, 0.0f);
  std::vector<int64_t> sums(parts);
  const Weighing in = {1, 0, -kInfinity, 0, largest.data()};
  loops_.weigh(in, x.data(), n, 0, parts, weights, sums.data());
}

// Finds the best score, and the lowest score that top_k keeps.
void Selector::prepare(int row, int rows, const gpt2_sampling& sampling) {
  Row& r = rows_[row];
  const float* maxima = row_maxima(row);
  r.best = *std::max_element(maxima, maxima + parts_) / sampling.temperature;
  r.finite = std::isfinite(r.best) && !has_nan(row, rows);
  r.least = r.bound = -kInfinity;
  const int k = sampling.top_k;
  if (!r.finite || k == 0 || k >= n_) return;
  r.bound = bound(row, k);
  collect(row, r.bound, 1);
  std::vector<float>& scores = r.scratch;
  scores.clear();
  for (const Pick& pick : r.picks) scores.push_back(pick.score);
  std::nth_element(scores.begin(), scores.begin() + (k - 1), scores.end(), std::greater<>());
  r.least = scores[k - 1] / sampling.temperature;
}

// Turns the picks of `prepare` into scores and removes those below the least.
void Selector::keep_few(int row, float temperature) {
  Row& r = rows_[row];
  // After division a logit below the bound can equal the bound: then all logits are scanned again.
  if (!(r.bound / temperature < r.least)) return collect(row, r.least, temperature);
  for (Pick& pick : r.picks) pick.score /= temperature;
  const auto out = [&](const Pick& pick) { return pick.score < r.least; };
  r.picks.erase(std::remove_if(r.picks.begin(), r.picks.end(), out), r.picks.end());
}

// Draws from the few tokens that top_k leaves.
void Selector::draw_few(int row, const gpt2_sampling& sampling, double noise, int32_t* token) {
  Row& r = rows_[row];
  keep_few(row, sampling.temperature);
  int64_t sum = 0;
  for (Pick& pick : r.picks) sum += pick.weight = weight(pick.score - r.best);
  Cut cut = {-kInfinity, 0, least_weight(sampling)};
  if (sampling.top_p < 1) {
    r.sorted = r.picks;
    const Pick last = reached(r.sorted, sum, 0, sampling.top_p);
    cut.least = last.score;
    cut.first = last.id;
  }
  const auto out = [&](const Pick& pick) {
    const bool in = pick.score > cut.least || (pick.score == cut.least && pick.id >= cut.first);
    return !in || pick.weight < cut.weight;
  };
  r.picks.erase(std::remove_if(r.picks.begin(), r.picks.end(), out), r.picks.end());
  if (warps(sampling)) warp_picks(r, sampling);
  sum = 0;
  for (const Pick& pick : r.picks) sum += pick.weight;
  const double target = noise * number(sum);
  int64_t running = 0;
  for (const Pick& pick : r.picks) {
    running += pick.weight;
    *token = pick.id;
    if (number(running) > target) return;
  }
}

// Recomputes the weights after the rarer options.
void Selector::warp_picks(Row& row, const gpt2_sampling& sampling) {
  std::vector<float>& scores = row.scratch;
  scores.clear();
  for (const Pick& pick : row.picks) scores.push_back(pick.score);
  warp(sampling, scores);
  const float best = *std::max_element(scores.begin(), scores.end());
  for (size_t i = 0; i < scores.size(); i++) row.picks[i].weight = weight(scores[i] - best);
}

void Selector::weigh(const Worker& worker, int rows) {
  each_run(worker, rows, [&](int row, int begin, int end) {
    const Row& r = rows_[row];
    if (r.few) return;
    const bool mass = by_mass(row);
    const Weighing in = {r.sampling->temperature, r.best, r.least,
                         mass ? 0 : least_weight(*r.sampling), row_maxima(row)};
    loops_.weigh(in, row_logits(row), n_, begin, end, row_weights(row), row_sums(row));
    if (mass) {
      loops_.spread(row_logits(row), n_, begin, end, r.best, row_weights(row), row_sums(row),
                    row_buckets(row), masses(worker.index(), row, rows));
    }
  });
}

// The lowest weight that min_p keeps: w < min_p * kWhole is removed.
int32_t Selector::least_weight(const gpt2_sampling& sampling) {
  return static_cast<int32_t>(std::ceil(sampling.min_p * kWhole));
}

// The last pick that top_p keeps, if the picks are sorted best first and ties by higher id first: a
// pick is removed if all from the lowest up to it have a mass of at most 1 - p. `above` is the mass
// of what comes before the picks. Changes their order.
Selector::Pick Selector::reached(std::vector<Pick>& picks, int64_t sum, int64_t above, double p) {
  const auto before = [](const Pick& a, const Pick& b) {
    return a.score > b.score || (a.score == b.score && a.id > b.id);
  };
  const double limit = (1 - p) * number(sum);
  auto begin = picks.begin(), end = picks.end();
  while (end - begin > 16) {  // binary search for the last one
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, before);
    int64_t mass = above;
    for (auto pick = begin; pick < middle; pick++) mass += pick->weight;
    const bool in = number(sum - mass) > limit;
    if (in) above = mass;
    (in ? begin : end) = middle;
  }
  std::sort(begin, end, before);
  Pick last = *begin;
  for (; begin < end && number(sum - above) > limit; begin++) {
    last = *begin;
    above += last.weight;
  }
  return last;
}

// Adds the scores of a part that are in a bucket to the picks.
void Selector::collect_bucket(int row, int part, uint16_t bucket) {
  const uint16_t* found = row_buckets(row);
  const int begin = part * kPart, end = std::min(n_, begin + kPart);
  uint16_t any = 0;
  for (int i = begin; i < end; i++) any |= found[i] == bucket;
  for (int i = begin; any && i < end; i++) {
    const int32_t weight = row_weights(row)[i];
    if (found[i] == bucket && weight > 0)
      rows_[row].picks.push_back({i, row_logits(row)[i], weight});
  }
}

Cut Selector::find_cut(int row, int rows, const gpt2_sampling& sampling) {
  Row& r = rows_[row];
  Cut cut = {-kInfinity, 0, least_weight(sampling)};
  int64_t sum = 0, above = 0;
  for (int p = 0; p < parts_; p++) sum += row_sums(row)[p];
  int64_t* mass = masses(0, row, rows);
  for (size_t other = 1; other < nan_.size() / rows * kTables; other++) {
    const int64_t* more = masses(other / kTables, row, rows) + other % kTables * kBuckets;
    for (int b = 0; b < kBuckets; b++) mass[b] += more[b];
  }
  const double limit = (1 - sampling.top_p) * number(sum);
  int last = 0;  // the bucket of the last score that is kept
  for (int64_t before = 0, b = 0; b < kBuckets && number(sum - before) > limit; b++) {
    if (mass[b] == 0) continue;
    last = static_cast<int>(b);
    above = before;
    before += mass[b];
  }
  r.picks.clear();
  for (int p = 0; p < parts_; p++) {
    if (row_sums(row)[p] > 0) collect_bucket(row, p, static_cast<uint16_t>(last));
  }
  const Pick lowest = reached(r.picks, sum, above, sampling.top_p);
  cut.least = lowest.score;
  cut.first = lowest.id;
  return cut;
}

// The first id whose running sum of weights exceeds noise times the total.
int Selector::find(int row, double noise) {
  const int64_t* sums = row_sums(row);
  int64_t sum = 0, running = 0;
  for (int p = 0; p < parts_; p++) sum += sums[p];
  const double target = noise * number(sum);
  int part = 0;
  while (part < parts_ - 1 && number(running + sums[part]) <= target) running += sums[part++];
  const int32_t* weights = row_weights(row);
  int id = part * kPart;
  for (int i = id; i < std::min(n_, part * kPart + kPart); i++) {
    running += weights[i];
    if (weights[i] > 0) id = i;
    if (number(running) > target) break;
  }
  return id;
}

}  // namespace gpt2
