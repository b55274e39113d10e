// Membrane potentials of a row to symmetric spike counts, in two passes (ENC-2, ENC-4, ENG-7).
//
// The first pass stores the row and finds its range; no count leaves before the range is known.
// The second pass compares each potential with the 2^(b-1) thresholds (2k-1)*r*amax: no divider.
//
//   potential  32 bits, |v| <= 2^30, or 0 ... 2^31-1 after clipping; last: the row's last neuron
//   range      amax = max|v|, or 1 where every v is 0; one beat a row
//   count      BITS bits, -2^(b-1) ... 2^(b-1)-1, in order of neuron
module spike_encoder import spikeref_pkg::*; #(
  parameter int BITS     = ACT_BITS,
  parameter int RATIO_N  = CLIP_RATIO_N,
  parameter int RATIO_D  = CLIP_RATIO_D,
  parameter int TIE_RULE = TIES,
  parameter int NEURONS  = 256
) (
  input  logic                   clk,
  input  logic                   reset,
  input  logic                   potential_valid,
  output logic                   potential_ready,
  input  logic signed [31:0]     potential,
  input  logic                   potential_last,
  output logic                   range_valid,
  input  logic                   range_ready,
  output logic        [31:0]     range,
  output logic                   count_valid,
  input  logic                   count_ready,
  output logic signed [BITS-1:0] count,
  output logic                   count_last
);
  localparam int STEPS = 1 << (BITS - 1);
  // 2*q*r_d, with q = 2^(b-1) - 1.
  localparam logic [63:0] FACTOR = 64'd2 * (64'(STEPS) - 64'd1) * 64'(RATIO_D);
  localparam int INDEX_BITS = $clog2(NEURONS);

  logic signed [31:0] row [0:NEURONS-1];
  logic [INDEX_BITS-1:0] index;
  logic [INDEX_BITS-1:0] last_index;
  logic                  draining;
  logic                  range_taken;
  logic                  counts_taken;
  logic           [31:0] amax;

  function automatic logic [31:0] magnitude(input logic signed [31:0] value);
    return value < 0 ? -value : value;
  endfunction

  // First pass: fill the row, keep the largest magnitude.
  assign potential_ready = !draining;
  assign range_valid     = draining && !range_taken;
  assign range           = (amax == 0) ? 32'd1 : amax;
  assign count_valid     = draining && !counts_taken;
  assign count_last      = index == last_index;

  logic range_done, counts_done;
  assign range_done  = range_taken || (range_valid && range_ready);
  assign counts_done = counts_taken || (count_valid && count_ready && count_last);

  always_ff @(posedge clk) begin
    if (potential_valid && potential_ready) row[index] <= potential;
    if (reset) begin
      index        <= '0;
      last_index   <= '0;
      draining     <= 1'b0;
      range_taken  <= 1'b0;
      counts_taken <= 1'b0;
      amax         <= '0;
    end else if (!draining) begin
      if (potential_valid) begin
        if (magnitude(potential) > amax) amax <= magnitude(potential);
        index <= potential_last ? '0 : index + 1'b1;
        last_index <= index;
        draining <= potential_last;
      end
    end else if (range_done && counts_done) begin
      index        <= '0;
      draining     <= 1'b0;
      range_taken  <= 1'b0;
      counts_taken <= 1'b0;
      amax         <= '0;
    end else begin
      range_taken  <= range_done;
      counts_taken <= counts_done;
      if (count_valid && count_ready) index <= index + 1'b1;
    end
  end

  // Second pass: |c| is the number of thresholds that 2*q*r_d*|v| passes.
  logic signed [31:0] value;
  logic               negative;
  logic        [63:0] doubled;
  logic        [63:0] unit;
  logic        [63:0] threshold;
  logic               passed;
  logic    [BITS-1:0] size;

  assign value    = row[index];
  assign negative = value < 0;
  assign doubled  = 64'(magnitude(value)) * FACTOR;
  assign unit     = 64'(range) * 64'(RATIO_N);

  always_comb begin
    size = '0;
    threshold = unit;
    passed = 1'b0;
    for (int k = 1; k <= STEPS; k++) begin
      if (TIE_RULE == TIES_HALF_EVEN)
        passed = (k % 2 == 0) ? doubled >= threshold : doubled > threshold;
      else
        passed = negative ? doubled > threshold : doubled >= threshold;
      // The count 2^(b-1) exists with a negative sign only.
      if (k == STEPS) passed = passed && negative;
      if (passed) size = size + 1'b1;
      threshold = threshold + (unit << 1);
    end
  end

  assign count = negative ? -size : size;
endmodule
