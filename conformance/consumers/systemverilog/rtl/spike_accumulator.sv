// Address events to sums: each event adds or subtracts one row of weights (ADD-1, EVENT-5, EVENT-6).
//
// Events of an epoch arrive in any order, the end marker anywhere among them; `event_last` goes
// with the last packet of the transfer, whatever that is. A beat without `event_keep` carries no
// packet: it closes a transfer that brought none. A delivery fault gives one beat with the fault
// in place of the sums, and nothing of the epoch is left in later ones (ENG-8).
//
//   neurons, targets  the part of the weight memory that is in use
//   epoch             what the packets must carry
//   continued         the sums go on from those of the epoch before: split-K (ADD-2)
//   load_*            one row of weights a beat, target m in bits m*WEIGHT_BITS and up
//   sum               ACC_BITS bits, the proven width (ADD-3): it cannot overflow
module spike_accumulator import spikeref_pkg::*; #(
  parameter int STEPS    = TRAIN_LENGTH,
  parameter int NEURONS  = 256,
  parameter int TARGETS  = 16,
  parameter int WIDTH    = WEIGHT_SLOT_BITS,
  parameter int SUM_BITS = ACC_BITS
) (
  input  logic                        clk,
  input  logic                        reset,
  input  logic [EVENT_SOURCE_BITS-1:0] neurons,
  input  logic                 [15:0] targets,
  input  logic [EVENT_EPOCH_BITS-1:0] epoch,
  input  logic                        continued,
  input  logic                        load_valid,
  input  logic  [$clog2(NEURONS)-1:0] load_source,
  input  logic    [TARGETS*WIDTH-1:0] load_weights,
  input  logic                        event_valid,
  output logic                        event_ready,
  input  event_t                      event_packet,
  input  logic                        event_keep,
  input  logic                        event_last,
  output logic                        sum_valid,
  input  logic                        sum_ready,
  output logic signed  [SUM_BITS-1:0] sum,
  output logic                        sum_last,
  output fault_e                      sum_fault
);
  localparam int INDEX_BITS = $clog2(NEURONS);
  localparam int LANE_BITS = $clog2(TARGETS);
  localparam int STEP_BITS = (STEPS > 1) ? $clog2(STEPS) : 1;

  logic [TARGETS*WIDTH-1:0] weights [0:NEURONS-1];
  logic signed [SUM_BITS-1:0] sums [0:TARGETS-1];

  always_ff @(posedge clk) if (load_valid) weights[load_source] <= load_weights;

  // Which (source, step) came. The memory needs no clearing: a row counts once it was touched.
  logic [STEPS-1:0] seen [0:NEURONS-1];
  logic [NEURONS-1:0] touched;

  logic fresh, ended, emitting;
  logic [EVENT_SOURCE_BITS-1:0] received, announced;
  logic [15:0] lane;
  fault_e fault;

  logic [INDEX_BITS-1:0] source;
  logic [STEP_BITS-1:0] step;
  logic [STEPS-1:0] seen_before, seen_now;
  logic is_event, is_end, in_range, accepted;

  assign source = event_packet.source[INDEX_BITS-1:0];
  assign step   = event_packet.step[STEP_BITS-1:0];
  assign is_event = event_keep && !event_packet.end_marker;
  assign is_end   = event_keep && event_packet.end_marker;
  assign in_range = event_packet.source < neurons && 32'(event_packet.step) < STEPS;
  assign accepted = event_valid && event_ready;
  assign seen_before = (fresh || !touched[source]) ? '0 : seen[source];

  always_comb begin
    seen_now = seen_before;
    seen_now[step] = 1'b1;
  end

  // The first fault of the epoch stays.
  logic ended_before;
  logic [EVENT_SOURCE_BITS-1:0] received_before, received_now, announced_now;
  fault_e fault_before, fault_now, fault_at_end;
  assign ended_before    = !fresh && ended;
  assign received_before = fresh ? '0 : received;
  assign received_now    = received_before + EVENT_SOURCE_BITS'(is_event);
  assign announced_now   = is_end ? event_packet.source : announced;
  assign fault_before    = fresh ? FAULT_NONE : fault;

  always_comb begin
    fault_now = fault_before;
    if (fault_before == FAULT_NONE && event_keep) begin
      if (event_packet.epoch != epoch) fault_now = FAULT_EPOCH;
      else if (is_end) begin
        if (ended_before || event_packet.step != 0 || event_packet.negative)
          fault_now = FAULT_END;
      end
      else if (!in_range) fault_now = FAULT_RANGE;
      else if (seen_before[step]) fault_now = FAULT_DOUBLED;
    end
    fault_at_end = fault_now;
    if (fault_now == FAULT_NONE) begin
      if (!ended_before && !is_end) fault_at_end = FAULT_END;
      else if (received_now != announced_now) fault_at_end = FAULT_COUNT;
    end
  end

  logic add;
  assign add = is_event && in_range;

  logic [TARGETS*WIDTH-1:0] selected;
  assign selected = weights[source];

  logic signed [SUM_BITS-1:0] base [0:TARGETS-1];
  logic signed [WIDTH-1:0] addend [0:TARGETS-1];
  for (genvar m = 0; m < TARGETS; m++) begin : lanes
    assign base[m] = (fresh && !continued) ? '0 : sums[m];
    assign addend[m] = selected[m*WIDTH +: WIDTH];
  end

  assign event_ready = !emitting;

  always_ff @(posedge clk) begin
    if (accepted && add) seen[source] <= seen_now;
    if (reset) begin
      fresh     <= 1'b1;
      ended     <= 1'b0;
      emitting  <= 1'b0;
      touched   <= '0;
      received  <= '0;
      announced <= '0;
      fault     <= FAULT_NONE;
      lane      <= '0;
      for (int m = 0; m < TARGETS; m++) sums[m] <= '0;
    end else if (accepted) begin
      fresh     <= 1'b0;
      ended     <= ended_before || is_end;
      received  <= received_now;
      announced <= announced_now;
      fault     <= event_last ? fault_at_end : fault_now;
      emitting  <= event_last;
      if (fresh) touched <= '0;
      if (add) touched[source] <= 1'b1;
      for (int m = 0; m < TARGETS; m++)
        if (add && !event_packet.negative)
          sums[m] <= base[m] + SUM_BITS'(addend[m]);
        else if (add)
          sums[m] <= base[m] - SUM_BITS'(addend[m]);
        else
          sums[m] <= base[m];
    end else if (emitting && sum_ready) begin
      lane <= sum_last ? '0 : lane + 1'b1;
      if (sum_last) begin
        emitting <= 1'b0;
        fresh    <= 1'b1;
      end
    end
  end

  assign sum_valid = emitting;
  assign sum_fault = fault;
  assign sum_last  = fault != FAULT_NONE || lane + 16'd1 == targets;
  assign sum       = (fault != FAULT_NONE) ? '0 : sums[lane[LANE_BITS-1:0]];
endmodule
