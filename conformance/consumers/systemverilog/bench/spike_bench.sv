// Every module under test side by side, for the replay bench and for cocotb.
//
//   enc --> cnt, rng, scl   encoder, and its range normalised
//   unf --> evt             unfold
//   acc --> sum             a queue of FIFO_DEPTH events, then the accumulator
//   res --> out             rescale
//   lay --> lay_out         the whole layer
//
// Loads of weights and channel scales go to the single modules and to the layer alike.
module spike_bench import spikeref_pkg::*; #(
  parameter int NEURONS    = 64,
  parameter int TARGETS    = 16,
  parameter int WIDTH      = WEIGHT_SLOT_BITS,
  parameter int FIFO_DEPTH = 1
) (
  input  logic clk,
  input  logic reset,
  input  logic [EVENT_SOURCE_BITS-1:0] neurons,
  input  logic [15:0] targets,
  input  logic [5:0]  out_bits,
  input  logic load_row_valid,
  input  logic [$clog2(NEURONS)-1:0] load_source,
  input  logic [TARGETS*WIDTH-1:0] load_weights,
  input  logic load_channel_valid,
  input  logic [$clog2(TARGETS)-1:0] load_target,
  input  logic [15:0] load_mantissa,
  input  logic signed [15:0] load_exponent,
  input  logic signed [39:0] load_bias,

  input  logic enc_valid,
  output logic enc_ready,
  input  logic signed [31:0] enc_potential,
  input  logic enc_last,
  output logic rng_valid,
  output logic rng_ready,
  output logic [31:0] rng_range,
  output logic scl_valid,
  input  logic scl_ready,
  output logic [15:0] scl_mantissa,
  output logic signed [15:0] scl_exponent,
  output logic cnt_valid,
  input  logic cnt_ready,
  output logic signed [ACT_BITS-1:0] cnt_count,
  output logic cnt_last,

  input  logic [EVENT_EPOCH_BITS-1:0] unf_epoch,
  input  logic unf_valid,
  output logic unf_ready,
  input  logic signed [ACT_BITS:0] unf_count,
  input  logic unf_last,
  output logic evt_valid,
  input  logic evt_ready,
  output logic [63:0] evt_packet,
  output logic evt_last,

  input  logic [EVENT_EPOCH_BITS-1:0] acc_epoch,
  input  logic acc_continued,
  input  logic acc_valid,
  output logic acc_ready,
  input  logic [63:0] acc_packet,
  input  logic acc_keep,
  input  logic acc_last,
  output logic sum_valid,
  input  logic sum_ready,
  output logic signed [ACC_BITS-1:0] sum_value,
  output logic sum_last,
  output logic [2:0] sum_fault,

  input  logic tok_valid,
  output logic tok_ready,
  input  logic [15:0] tok_mantissa,
  input  logic signed [15:0] tok_exponent,
  input  logic res_valid,
  output logic res_ready,
  input  logic signed [31:0] res_sum,
  input  logic res_last,
  output logic out_valid,
  input  logic out_ready,
  output logic signed [39:0] out_value,
  output logic out_saturated,
  output logic out_last,

  input  logic lay_valid,
  output logic lay_ready,
  input  logic signed [31:0] lay_potential,
  input  logic signed [15:0] lay_exponent,
  input  logic lay_last,
  output logic lay_out_valid,
  input  logic lay_out_ready,
  output logic signed [39:0] lay_out_value,
  output logic lay_out_saturated,
  output logic lay_out_last,
  output logic [2:0] lay_out_fault
);
  spike_encoder #(.NEURONS(NEURONS)) encoder (
    .clk, .reset, .potential_valid(enc_valid), .potential_ready(enc_ready),
    .potential(enc_potential), .potential_last(enc_last),
    .range_valid(rng_valid), .range_ready(rng_ready), .range(rng_range),
    .count_valid(cnt_valid), .count_ready(cnt_ready), .count(cnt_count), .count_last(cnt_last)
  );

  spike_normalise normalise (
    .clk, .reset, .range_valid(rng_valid), .range_ready(rng_ready), .range(rng_range),
    .offset(16'sd0), .scale_valid(scl_valid), .scale_ready(scl_ready),
    .mantissa(scl_mantissa), .exponent(scl_exponent)
  );

  event_t unfolded;
  assign evt_packet = unfolded;

  spike_unfold #(.NEURONS(NEURONS)) unfold (
    .clk, .reset, .epoch(unf_epoch), .count_valid(unf_valid), .count_ready(unf_ready),
    .count(unf_count), .count_last(unf_last), .event_valid(evt_valid), .event_ready(evt_ready),
    .event_packet(unfolded), .event_last(evt_last)
  );

  logic queued_valid, queued_ready, queued_keep, queued_last;
  event_t queued_packet;

  spike_fifo #(.WIDTH(66), .DEPTH(FIFO_DEPTH)) fifo (
    .clk, .reset, .in_valid(acc_valid), .in_ready(acc_ready),
    .in_data({acc_last, acc_keep, acc_packet}),
    .out_valid(queued_valid), .out_ready(queued_ready),
    .out_data({queued_last, queued_keep, queued_packet})
  );

  fault_e sums_fault;
  assign sum_fault = sums_fault;

  spike_accumulator #(.NEURONS(NEURONS), .TARGETS(TARGETS), .WIDTH(WIDTH)) accumulator (
    .clk, .reset, .neurons, .targets, .epoch(acc_epoch), .continued(acc_continued),
    .load_valid(load_row_valid), .load_source, .load_weights,
    .event_valid(queued_valid), .event_ready(queued_ready), .event_packet(queued_packet),
    .event_keep(queued_keep), .event_last(queued_last),
    .sum_valid, .sum_ready, .sum(sum_value), .sum_last, .sum_fault(sums_fault)
  );

  fault_e no_fault, out_fault;
  assign no_fault = FAULT_NONE;

  spike_rescale #(.TARGETS(TARGETS)) rescale (
    .clk, .reset, .out_bits, .load_valid(load_channel_valid), .load_target, .load_mantissa,
    .load_exponent, .load_bias, .scale_valid(tok_valid), .scale_ready(tok_ready),
    .scale_mantissa(tok_mantissa), .scale_exponent(tok_exponent),
    .sum_valid(res_valid), .sum_ready(res_ready), .sum(res_sum), .sum_last(res_last),
    .sum_fault(no_fault),
    .out_valid, .out_ready, .out(out_value), .out_saturated, .out_last, .out_fault
  );

  fault_e layer_fault;
  assign lay_out_fault = layer_fault;

  spike_layer #(
    .NEURONS(NEURONS), .TARGETS(TARGETS), .WIDTH(WIDTH), .FIFO_DEPTH(FIFO_DEPTH)
  ) layer (
    .clk, .reset, .neurons, .targets, .out_bits, .load_row_valid, .load_source, .load_weights,
    .load_channel_valid, .load_target, .load_mantissa, .load_exponent, .load_bias,
    .potential_valid(lay_valid), .potential_ready(lay_ready), .potential(lay_potential),
    .potential_exponent(lay_exponent), .potential_last(lay_last),
    .out_valid(lay_out_valid), .out_ready(lay_out_ready), .out(lay_out_value),
    .out_saturated(lay_out_saturated), .out_last(lay_out_last), .out_fault(layer_fault)
  );
endmodule
