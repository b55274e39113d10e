// A spiking linear layer: rotated membrane potentials to outputs (OP-7, OP-8).
//
//   potential --> encoder --count--> unfold --event--> fifo --> accumulator --sum--> rescale --> out
//                    \--range--> normalise --scale-----------------------------------/
//
// While a row is accumulated the next one may fill the encoder; each row's scale waits for its own
// sums. Reset may come at any time and leaves nothing but the weights and channel scales.
module spike_layer import spikeref_pkg::*; #(
  parameter int BITS       = ACT_BITS,
  parameter int RATIO_N    = CLIP_RATIO_N,
  parameter int RATIO_D    = CLIP_RATIO_D,
  parameter int TIE_RULE   = TIES,
  parameter int NEURONS    = 256,
  parameter int TARGETS    = 16,
  parameter int WIDTH      = WEIGHT_SLOT_BITS,
  parameter int SUM_BITS   = ACC_BITS,
  parameter int FIFO_DEPTH = 1
) (
  input  logic                        clk,
  input  logic                        reset,
  input  logic [EVENT_SOURCE_BITS-1:0] neurons,
  input  logic                 [15:0] targets,
  input  logic                  [5:0] out_bits,
  input  logic                        load_row_valid,
  input  logic  [$clog2(NEURONS)-1:0] load_source,
  input  logic    [TARGETS*WIDTH-1:0] load_weights,
  input  logic                        load_channel_valid,
  input  logic  [$clog2(TARGETS)-1:0] load_target,
  input  logic                 [15:0] load_mantissa,
  input  logic signed          [15:0] load_exponent,
  input  logic signed          [39:0] load_bias,
  input  logic                        potential_valid,
  output logic                        potential_ready,
  input  logic signed          [31:0] potential,
  input  logic signed          [15:0] potential_exponent,
  input  logic                        potential_last,
  output logic                        out_valid,
  input  logic                        out_ready,
  output logic signed          [39:0] out,
  output logic                        out_saturated,
  output logic                        out_last,
  output fault_e                      out_fault
);
  logic range_valid, range_ready, count_valid, count_ready, count_last;
  logic [31:0] range;
  logic signed [BITS-1:0] count;

  spike_encoder #(
    .BITS(BITS), .RATIO_N(RATIO_N), .RATIO_D(RATIO_D), .TIE_RULE(TIE_RULE), .NEURONS(NEURONS)
  ) encoder (
    .clk, .reset, .potential_valid, .potential_ready, .potential, .potential_last,
    .range_valid, .range_ready, .range, .count_valid, .count_ready, .count, .count_last
  );

  // The exponent goes with the range: the encoder takes no further row before it gave both away.
  logic signed [15:0] row_exponent;
  always_ff @(posedge clk)
    if (potential_valid && potential_ready) row_exponent <= potential_exponent;

  logic scale_valid, scale_ready;
  logic [15:0] scale_mantissa;
  logic signed [15:0] scale_exponent;

  spike_normalise #(.TIE_RULE(TIE_RULE)) normalise (
    .clk, .reset, .range_valid, .range_ready, .range, .offset(row_exponent),
    .scale_valid, .scale_ready, .mantissa(scale_mantissa), .exponent(scale_exponent)
  );

  // Both ends number the epochs for themselves.
  logic [EVENT_EPOCH_BITS-1:0] sent_epoch, awaited_epoch;
  logic event_valid, event_ready, event_last;
  event_t event_packet;

  spike_unfold #(.BITS(BITS), .NEURONS(NEURONS)) unfold (
    .clk, .reset, .epoch(sent_epoch), .count_valid, .count_ready,
    .count({count[BITS-1], count}), .count_last,
    .event_valid, .event_ready, .event_packet, .event_last
  );

  logic arrived_valid, arrived_ready, arrived_last;
  event_t arrived_packet;

  spike_fifo #(.WIDTH($bits(event_t) + 1), .DEPTH(FIFO_DEPTH)) fifo (
    .clk, .reset, .in_valid(event_valid), .in_ready(event_ready),
    .in_data({event_last, event_packet}),
    .out_valid(arrived_valid), .out_ready(arrived_ready),
    .out_data({arrived_last, arrived_packet})
  );

  logic sum_valid, sum_ready, sum_last;
  logic signed [SUM_BITS-1:0] sum;
  fault_e sum_fault;

  spike_accumulator #(
    .STEPS(1 << (BITS - 1)), .NEURONS(NEURONS), .TARGETS(TARGETS), .WIDTH(WIDTH),
    .SUM_BITS(SUM_BITS)
  ) accumulator (
    .clk, .reset, .neurons, .targets, .epoch(awaited_epoch), .continued(1'b0),
    .load_valid(load_row_valid), .load_source, .load_weights,
    .event_valid(arrived_valid), .event_ready(arrived_ready), .event_packet(arrived_packet),
    .event_keep(1'b1), .event_last(arrived_last),
    .sum_valid, .sum_ready, .sum, .sum_last, .sum_fault
  );

  spike_rescale #(.TIE_RULE(TIE_RULE), .TARGETS(TARGETS)) rescale (
    .clk, .reset, .out_bits, .load_valid(load_channel_valid), .load_target, .load_mantissa,
    .load_exponent, .load_bias, .scale_valid, .scale_ready, .scale_mantissa, .scale_exponent,
    .sum_valid, .sum_ready, .sum(32'(sum)), .sum_last, .sum_fault,
    .out_valid, .out_ready, .out, .out_saturated, .out_last, .out_fault
  );

  always_ff @(posedge clk) begin
    if (reset) begin
      sent_epoch    <= '0;
      awaited_epoch <= '0;
    end else begin
      if (event_valid && event_ready && event_last) sent_epoch <= sent_epoch + 1'b1;
      if (sum_valid && sum_ready && sum_last) awaited_epoch <= awaited_epoch + 1'b1;
    end
  end
endmodule
