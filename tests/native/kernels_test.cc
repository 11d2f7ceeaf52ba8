// Every kernel table this processor runs against the generic one, bit for bit, on random shapes.
#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "half.h"

namespace {

using gpt2::Kernels;
using gpt2::kLanes;
using gpt2::padded;

const Kernels& generic() { return *gpt2::find_kernels("generic"); }

// Memory of just this size, so that the address sanitizer sees a step past its end.
template <class T>
std::vector<T> exactly(size_t n) {
  std::vector<T> x(n);
  x.shrink_to_fit();
  return x;
}

size_t bytes_of(gpt2_dtype dtype) { return dtype == GPT2_F32 ? 4 : dtype == GPT2_INT8 ? 1 : 2; }

// Panels in one of the four float formats, each panel padded to 64 bytes as in a matrix.
std::vector<uint8_t> float_panels(Random& random, gpt2_dtype dtype, int panels, int inputs,
                                  size_t* panel) {
  const size_t number = bytes_of(dtype);
  *panel = (static_cast<size_t>(inputs) * kLanes * number + 63) / 64 * 64;
  auto bytes = exactly<uint8_t>(*panel * static_cast<size_t>(panels));
  for (int p = 0; p < panels; p++) {
    for (int i = 0; i < inputs * kLanes; i++) {
      const float value = random.normal();
      uint8_t* to = bytes.data() + *panel * p + number * static_cast<size_t>(i);
      const uint16_t half =
          dtype == GPT2_F16 ? gpt2::half_from_float(value) : gpt2::bfloat_from_float(value);
      if (dtype == GPT2_INT8) {
        *to = static_cast<uint8_t>(random.from(-127, 127));
      } else if (dtype == GPT2_F32) {
        std::memcpy(to, &value, 4);
      } else {
        std::memcpy(to, &half, 2);
      }
    }
  }
  return bytes;
}

// One product, its sums in the one order there is, each step rounded once.
float fused_product(const gpt2::Floats& w, const float* x, int output) {
  const uint8_t* weights = w.data + output / kLanes * w.panel;
  float sum = 0;
  for (int k = 0; k < w.inputs; k++) {
    const uint8_t* at = weights + k * w.step + w.step / kLanes * (output % kLanes);
    float weight;
    uint16_t half;
    std::memcpy(&half, at, sizeof half);
    if (w.dtype == GPT2_F32) {
      std::memcpy(&weight, at, sizeof weight);
    } else {
      weight = w.dtype == GPT2_F16 ? gpt2::float_from_half(half) : gpt2::float_from_bfloat(half);
    }
    sum = std::fma(x[k], weight, sum);
  }
  return sum;
}

// On x86 the generic kernels cannot fuse, and in WebAssembly none can: they round twice.
bool fuses([[maybe_unused]] const Kernels& table) {
#if defined(__wasm__)
  return false;
#elif defined(__FP_FAST_FMAF)
  return true;
#else
  return &table != &generic();
#endif
}

void float_products(const Kernels& table, Random& random) {
  for (int turn = 0; turn < 150; turn++) {
    const gpt2_dtype dtypes[] = {GPT2_F32, GPT2_F16, GPT2_BF16, GPT2_INT8};
    const gpt2_dtype dtype = dtypes[random.below(4)];
    const int panels = random.from(1, gpt2::kUnit), rows = random.from(1, turn % 5 ? 9 : 33);
    const int inputs = turn % 10 ? random.from(1, 70) : random.from(500, 1100);
    size_t panel = 0;
    const auto weights = float_panels(random, dtype, panels, inputs, &panel);
    const size_t step = kLanes * bytes_of(dtype);
    const size_t ldx = static_cast<size_t>(inputs + random.below(5));
    const size_t ldy = static_cast<size_t>(panels * kLanes + kLanes * random.below(2));
    auto x = random.normals(ldx * static_cast<size_t>(rows - 1) + inputs);
    x.shrink_to_fit();
    const size_t size = ldy * static_cast<size_t>(rows - 1) + panels * kLanes;
    auto scratch = exactly<uint8_t>(gpt2::kScratch);
    for (const bool fused : {false, true}) {
      const gpt2::Floats w = {dtype, weights.data(), panel, step, panels, inputs, fused};
      auto one = exactly<float>(size), two = exactly<float>(size);
      generic().multiply(w, x.data(), ldx, rows, one.data(), ldy, scratch.data());
      table.multiply(w, x.data(), ldx, rows, two.data(), ldy, scratch.data());
      for (int r = 0; r < rows; r++) {
        for (int i = 0; i < panels * kLanes; i++) {
          const float most = dtype == GPT2_INT8 ? 127.0f : 1.0f, a = one[r * ldy + i],
                      b = two[r * ldy + i];
          CHECK(fused ? std::fabs(a - b) <=
                            1e-5f * most * std::sqrt(static_cast<float>(inputs)) + 1e-5f
                      : a == b);
        }
      }
      if (!fused || !fuses(table) || dtype == GPT2_INT8) continue;
      const size_t last = static_cast<size_t>(rows - 1);
      for (int i = 0; i < panels * kLanes; i++) {
        CHECK(two[i] == fused_product(w, x.data(), i));
        CHECK(two[last * ldy + i] == fused_product(w, x.data() + last * ldx, i));
      }
    }
  }
}

// All there are but NaN, as they come out of a product with 1.
void every_half(const Kernels& table) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); i++) halves[i] = static_cast<uint16_t>(i);
  for (const gpt2_dtype dtype : {GPT2_F16, GPT2_BF16}) {
    const auto* data = reinterpret_cast<const uint8_t*>(halves.data());
    const gpt2::Floats w = {dtype, data, 2 * kLanes, 2 * kLanes, (1 << 16) / kLanes, 1, false};
    const float x = 1;
    std::vector<float> y(halves.size());
    table.multiply(w, &x, 1, 1, y.data(), y.size(), nullptr);
    for (const uint16_t half : halves) {
      const float wanted =
          dtype == GPT2_F16 ? gpt2::float_from_half(half) : gpt2::float_from_bfloat(half);
      CHECK(y[half] == wanted || wanted != wanted);
    }
  }
}

void float_finish(const Kernels& table, Random& random) {
  for (int turn = 0; turn < 150; turn++) {
    const int rows = random.from(1, 5), width = random.from(1, gpt2::kUnit * kLanes);
    const size_t ldy = static_cast<size_t>(padded(width, kLanes));
    const size_t stride = static_cast<size_t>(width + random.below(4));
    const auto y = random.normals(ldy * static_cast<size_t>(rows), 4);
    const auto bias = random.normals(static_cast<size_t>(width));
    auto one = random.normals(stride * static_cast<size_t>(rows - 1) + width);
    one.shrink_to_fit();
    auto two = one;
    gpt2::Finish finish = {};
    finish.bias = random.below(4) ? bias.data() : nullptr;
    finish.activation = random.from(-1, GPT2_TANH);
    finish.add = random.below(2) == 1;
    finish.stride = stride;
    finish.out = one.data();
    generic().finish(finish, y.data(), ldy, rows, width);
    finish.out = two.data();
    table.finish(finish, y.data(), ldy, rows, width);
    CHECK(same_bits(one, two));
  }
}

// Rows of all lengths, of ordinary and of extreme numbers.
std::vector<float> row(Random& random, int n, int kind) {
  auto x = random.normals(static_cast<size_t>(n), kind == 1 ? 1e30f : kind == 2 ? 1e-38f : 1);
  if (kind == 3) std::fill(x.begin(), x.end(), 0.0f);
  if (kind == 4) x[static_cast<size_t>(random.below(n))] = std::numeric_limits<float>::max();
  x.shrink_to_fit();
  return x;
}

void rows_of_floats(const Kernels& table, Random& random) {
  for (int n = 1; n < 150; n++) {
    for (int kind = 0; kind < 5; kind++) {
      const auto x = row(random, n, kind);
      const auto gain = random.normals(x.size()), bias = random.normals(x.size());
      auto one = exactly<float>(x.size()), two = exactly<float>(x.size());
      generic().normalize(x.data(), gain.data(), bias.data(), n, 1e-5f, one.data());
      table.normalize(x.data(), gain.data(), bias.data(), n, 1e-5f, two.data());
      CHECK(same_bits(one, two));
      generic().divide(x.data(), n, 0.3f, one.data());
      table.divide(x.data(), n, 0.3f, two.data());
      CHECK(same_bits(one, two));
      one = two = x;
      one.resize(static_cast<size_t>(padded(n, kLanes)));
      two.resize(one.size());
      const float sum = generic().exponentials(one.data(), n, 0.125f);
      CHECK(sum == table.exponentials(two.data(), n, 0.125f));
      CHECK(same_bits(one, two) && sum >= 1 && sum <= static_cast<float>(n) * 1.0001f);
      std::vector<float> wide = x;
      wide.resize(one.size());
      auto half = exactly<uint16_t>(wide.size()), again = half;
      generic().to_half(wide.data(), static_cast<int>(wide.size()), half.data());
      table.to_half(wide.data(), static_cast<int>(wide.size()), again.data());
      CHECK(same_bits(half, again));
      auto bytes = exactly<int8_t>(wide.size()), others = bytes;
      const float step = generic().to_bytes(x.data(), n, bytes.data());
      CHECK(step == table.to_bytes(x.data(), n, others.data()) && same_bits(bytes, others));
      for (size_t i = 0; i < bytes.size(); i++) {
        const double found = static_cast<double>(step) * bytes[i];
        CHECK(std::fabs(found - wide[i]) <= 0.51 * step + 1e-30 && bytes[i] >= -127);
      }
      one = two = wide;
      generic().scale(one.data(), wide.data(), static_cast<int>(wide.size()));
      table.scale(two.data(), wide.data(), static_cast<int>(wide.size()));
      CHECK(same_bits(one, two));
      for (size_t i = 0; i < x.size(); i++) {
        const float bounded = std::min(std::max(x[i], -65504.0f), 65504.0f);
        CHECK(half[i] == gpt2::half_from_float(bounded));
      }
    }
  }
}

// Panels of integers and, beside them, the weight of each output and input.
struct Whole {
  std::vector<uint8_t> bytes;
  std::vector<int32_t> weights;  // [panels * 16, inputs]
  size_t panel;
};

Whole integer_panels(Random& random, gpt2_dtype dtype, int panels, int inputs, bool extreme) {
  const int groups = inputs / gpt2::kGroup;
  Whole whole;
  whole.panel =
      dtype == GPT2_INT8 ? static_cast<size_t>(inputs) * kLanes : gpt2::int4_panel(groups);
  whole.bytes = exactly<uint8_t>(whole.panel * static_cast<size_t>(panels));
  whole.weights.resize(static_cast<size_t>(panels) * kLanes * inputs);
  for (int p = 0; p < panels; p++) {
    uint8_t* panel = whole.bytes.data() + whole.panel * p;
    for (int r = 0; r < kLanes; r++) {
      for (int k = 0; k < inputs; k++) {
        int32_t& weight = whole.weights[static_cast<size_t>(p * kLanes + r) * inputs + k];
        if (dtype == GPT2_INT8) {
          weight = extreme ? (r % 2 ? 127 : -127) : random.from(-127, 127);
          panel[gpt2::int8_place(k, r)] = static_cast<uint8_t>(weight);
          continue;
        }
        uint8_t& scale = panel[gpt2::int4_scales(k / gpt2::kGroup) + r];
        if (k % gpt2::kGroup == 0)
          scale = static_cast<uint8_t>(extreme ? 127 : random.from(-127, 127));
        const int nibble = extreme ? (r % 2 ? 7 : -8) : random.from(-8, 7);
        const int shift = k % (2 * gpt2::kQuad) / gpt2::kQuad * 4;
        panel[gpt2::int4_place(k, r)] |= static_cast<uint8_t>((nibble + 8) << shift);
        weight = nibble * static_cast<int8_t>(scale);
      }
    }
  }
  return whole;
}

void integer_products(const Kernels& table, Random& random) {
  for (int turn = 0; turn < 200; turn++) {
    const gpt2_dtype dtype = turn % 2 ? GPT2_INT8 : GPT2_INT4;
    const int panels = random.from(1, gpt2::kUnit), rows = random.from(1, turn % 3 ? 6 : 70);
    const int inputs = gpt2::kGroup * (turn % 11 ? random.from(1, 6) : random.from(10, 40));
    const Whole whole = integer_panels(random, dtype, panels, inputs, turn % 7 == 0);
    const size_t ldx = static_cast<size_t>(inputs + gpt2::kGroup * random.below(2));
    auto x = exactly<uint8_t>(ldx * static_cast<size_t>(rows - 1) + inputs);
    for (uint8_t& value : x) value = static_cast<uint8_t>(turn % 3 ? random.below(256) : 255);
    const size_t ldy = static_cast<size_t>(panels * kLanes + kLanes * random.below(2));
    auto y = exactly<int32_t>(ldy * static_cast<size_t>(rows - 1) + panels * kLanes);
    table.multiply_integers({dtype, whole.bytes.data(), whole.panel, panels, inputs}, x.data(), ldx,
                            rows, y.data(), ldy);
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < panels * kLanes; i++) {
        int32_t wanted = 0;
        for (int k = 0; k < inputs; k++) {
          wanted +=
              (x[r * ldx + k] - table.shift) * whole.weights[static_cast<size_t>(i) * inputs + k];
        }
        CHECK(y[r * ldy + i] == wanted);
      }
    }
  }
}

void integer_finish(const Kernels& table, Random& random) {
  for (int turn = 0; turn < 150; turn++) {
    const int rows = random.from(1, 5), width = random.from(1, gpt2::kUnit * kLanes);
    const size_t whole = static_cast<size_t>(padded(width, kLanes));
    std::vector<gpt2::Step> steps(static_cast<size_t>(rows));
    for (auto& step : steps) step = {random.normal() * 1e-3f, random.below(256)};
    std::vector<int32_t> y(whole * static_cast<size_t>(rows)), sums(whole);
    for (int32_t& value : sums) value = random.from(-(1 << 20), 1 << 20);
    for (int32_t& value : y) value = random.from(-(1 << 29), 1 << 29);
    auto shifted = y;
    for (size_t i = 0; i < y.size(); i++) shifted[i] -= table.shift * sums[i % whole];
    const auto scales = random.normals(whole), bias = random.normals(static_cast<size_t>(width));
    auto one = random.normals(static_cast<size_t>(width) * static_cast<size_t>(rows)), two = one;
    const auto finish = [&](const Kernels& kernels, const std::vector<int32_t>& products,
                            std::vector<float>& out) {
      gpt2::Finish f = {};
      f.bias = turn % 4 ? bias.data() : nullptr;
      f.activation = turn % 6 - 1;
      f.add = turn % 2 == 1;
      f.out = out.data();
      f.stride = static_cast<size_t>(width);
      f.steps = steps.data();
      f.scales = scales.data();
      f.sums = sums.data();
      kernels.finish_integers(f, products.data(), whole, rows, width);
    };
    finish(generic(), y, one);
    finish(table, shifted, two);
    CHECK(same_bits(one, two));
  }
}

void quantised_rows(const Kernels& table, Random& random) {
  for (int n = 1; n < 150; n++) {
    for (int kind = 0; kind < 5; kind++) {
      const auto x = row(random, n, kind);
      const int limit = n % 3 ? gpt2::kMostActivation : random.from(1, 255);
      auto one = exactly<uint8_t>(static_cast<size_t>(padded(n, gpt2::kGroup))), two = one;
      const gpt2::Step a = generic().quantize(x.data(), n, limit, one.data());
      const gpt2::Step b = table.quantize(x.data(), n, limit, two.data());
      CHECK(a.scale == b.scale && a.zero == b.zero && same_bits(one, two));
      CHECK(a.zero >= 0 && a.zero <= limit);
      for (const uint8_t value : one) CHECK(value <= limit);
      for (size_t i = x.size(); i < one.size(); i++) CHECK(one[i] == 0);
      for (size_t i = 0; kind == 0 && i < x.size(); i++) {
        const float found = a.scale * static_cast<float>(one[i] - a.zero);
        CHECK(std::fabs(found - x[i]) <= a.scale * 1.01f);
      }
    }
  }
}

// gpt2_probe's loops do what their rates are of: every vector is read, and counted operations are
// the same however wide the vectors.
void probe_loops(const Kernels& k, Random& random) {
  for (int streams : {1, 2, 8}) {
    const size_t bytes = 1024, numbers = streams * bytes / sizeof(int32_t);
    auto data = exactly<int32_t>(numbers);
    int32_t sum = 0;
    for (size_t i = 0; i < numbers; i++) {
      data[i] = random.below(1000);
      if (i % kLanes == 0) sum += data[i];  // the first lane of each vector
    }
    const auto* from = reinterpret_cast<const uint8_t*>(data.data());
    CHECK(k.read_streams(from, streams, bytes) == sum);
  }
  float result = 0;
  const double once = k.multiply_adds(1000, &result);
  CHECK(once == 1000 * k.multiply_adds(1, &result));
  CHECK(once >= 2.0 * 1000 * kLanes);
}

}  // namespace

void test_kernels() {
  for (const char* name : kTables) {
    const Kernels* table = gpt2::find_kernels(name);
    if (table == nullptr) continue;
    Random random(1);
    float_products(*table, random);
    every_half(*table);
    float_finish(*table, random);
    rows_of_floats(*table, random);
    integer_products(*table, random);
    integer_finish(*table, random);
    quantised_rows(*table, random);
    probe_loops(*table, random);
    std::printf("kernels: %s\n", name);
  }
}
