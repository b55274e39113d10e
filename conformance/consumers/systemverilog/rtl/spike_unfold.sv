// Counts of one population to address events in order of step, then source (ENC-5, EVENT-1).
//
// A row is stored, then walked once for each virtual step at which some neuron fires. The end
// marker follows the last event; a silent row sends an end marker alone.
//
//   count  BITS + 1 bits: signed counts of ternary trains, 0 ... 2^b-1 of binary ones
//   epoch  stays as it is from the first count of a row to its end marker
module spike_unfold import spikeref_pkg::*; #(
  parameter int BITS    = ACT_BITS,
  parameter int NEURONS = 256
) (
  input  logic                   clk,
  input  logic                   reset,
  input  logic [EVENT_EPOCH_BITS-1:0] epoch,
  input  logic                   count_valid,
  output logic                   count_ready,
  input  logic signed [BITS:0]   count,
  input  logic                   count_last,
  output logic                   event_valid,
  input  logic                   event_ready,
  output event_t                 event_packet,
  output logic                   event_last
);
  localparam int INDEX_BITS = $clog2(NEURONS);
  localparam int STEP_BITS = BITS + 1;

  typedef enum logic [1:0] {FILL, WALK, FINISH} state_e;

  state_e state;
  logic signed [BITS:0] row [0:NEURONS-1];
  logic [INDEX_BITS-1:0] index;
  logic [INDEX_BITS-1:0] last_index;
  logic  [STEP_BITS-1:0] step;
  logic  [STEP_BITS-1:0] longest;
  logic [EVENT_SOURCE_BITS-1:0] sent;

  function automatic logic [STEP_BITS-1:0] magnitude(input logic signed [BITS:0] value);
    return value < 0 ? -value : value;
  endfunction

  logic signed [BITS:0] current;
  logic fires, moves;
  logic [STEP_BITS-1:0] longest_now;
  assign current = row[index];
  assign fires   = magnitude(current) >= step;
  assign moves   = !fires || event_ready;
  assign longest_now = (magnitude(count) > longest) ? magnitude(count) : longest;

  assign count_ready = state == FILL;
  assign event_last  = state == FINISH;
  assign event_valid = (state == FINISH) || (state == WALK && fires);

  always_comb begin
    event_packet = '0;
    event_packet.epoch = epoch;
    if (state == FINISH) begin
      event_packet.end_marker = 1'b1;
      event_packet.source = sent;
    end else begin
      event_packet.negative = current < 0;
      event_packet.step = EVENT_STEP_BITS'(step) - 1'b1;
      event_packet.source = EVENT_SOURCE_BITS'(index);
    end
  end

  always_ff @(posedge clk) begin
    if (count_valid && count_ready) row[index] <= count;
    if (reset) begin
      state      <= FILL;
      index      <= '0;
      last_index <= '0;
      step       <= STEP_BITS'(1);
      longest    <= '0;
      sent       <= '0;
    end else begin
      case (state)
        FILL: if (count_valid) begin
          longest <= longest_now;
          last_index <= index;
          index <= count_last ? '0 : index + 1'b1;
          if (count_last) state <= (longest_now == 0) ? FINISH : WALK;
        end
        WALK: if (moves) begin
          if (fires) sent <= sent + 1'b1;
          if (index != last_index) index <= index + 1'b1;
          else begin
            index <= '0;
            step <= step + 1'b1;
            if (step == longest) state <= FINISH;
          end
        end
        FINISH: if (event_ready) begin
          state   <= FILL;
          step    <= STEP_BITS'(1);
          longest <= '0;
          sent    <= '0;
        end
        default: state <= FILL;
      endcase
    end
  end
endmodule
