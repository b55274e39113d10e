// Replays frozen vectors: reads the .mem files of each case, drives the module of its operation
// and compares every beat. Ends with a line PASS, or with $fatal at the first difference.
//
//   +LIST=FILE    cases, one a line: operation id T N M K value reject path extra
//   +STALLS=SEED  random pauses on both sides of every stream; 0: none
//   +WAVES=FILE   a VCD file of everything
`timescale 1ns / 1ns
module replay;
  import spikeref_pkg::*;

  parameter int NEURONS = 64;
  parameter int TARGETS = 16;
  localparam int WIDTH = WEIGHT_SLOT_BITS;
  localparam int WORDS = 1 << 16;

  // ---- The modules under test ------------------------------------------------------------------
  logic clk = 1'b0, reset = 1'b1;
  logic [EVENT_SOURCE_BITS-1:0] neurons = '0;
  logic [15:0] targets = '0;
  logic [5:0] out_bits = 6'd32;
  logic load_row_valid = 1'b0, load_channel_valid = 1'b0;
  logic [$clog2(NEURONS)-1:0] load_source;
  logic [TARGETS*WIDTH-1:0] load_weights;
  logic [$clog2(TARGETS)-1:0] load_target;
  logic [15:0] load_mantissa;
  logic signed [15:0] load_exponent;
  logic signed [39:0] load_bias;
  logic enc_valid = 1'b0, enc_ready, enc_last;
  logic signed [31:0] enc_potential;
  logic rng_valid, rng_ready;
  logic [31:0] rng_range;
  logic scl_valid, scl_ready = 1'b0;
  logic [15:0] scl_mantissa;
  logic signed [15:0] scl_exponent;
  logic cnt_valid, cnt_ready = 1'b0, cnt_last;
  logic signed [ACT_BITS-1:0] cnt_count;
  logic [EVENT_EPOCH_BITS-1:0] unf_epoch = '0;
  logic unf_valid = 1'b0, unf_ready, unf_last;
  logic signed [ACT_BITS:0] unf_count;
  logic evt_valid, evt_ready = 1'b0, evt_last;
  logic [63:0] evt_packet;
  logic [EVENT_EPOCH_BITS-1:0] acc_epoch = '0;
  logic acc_continued = 1'b0;
  logic acc_valid = 1'b0, acc_ready, acc_keep = 1'b1, acc_last;
  logic [63:0] acc_packet;
  logic sum_valid, sum_ready = 1'b0, sum_last;
  logic signed [ACC_BITS-1:0] sum_value;
  logic [2:0] sum_fault;
  logic tok_valid = 1'b0, tok_ready;
  logic [15:0] tok_mantissa;
  logic signed [15:0] tok_exponent;
  logic res_valid = 1'b0, res_ready, res_last;
  logic signed [31:0] res_sum;
  logic out_valid, out_ready = 1'b0, out_saturated, out_last;
  logic signed [39:0] out_value;
  logic lay_valid = 1'b0, lay_ready, lay_last;
  logic signed [31:0] lay_potential;
  logic signed [15:0] lay_exponent;
  logic lay_out_valid, lay_out_ready = 1'b0, lay_out_saturated, lay_out_last;
  logic signed [39:0] lay_out_value;
  logic [2:0] lay_out_fault;

  spike_bench #(.NEURONS(NEURONS), .TARGETS(TARGETS)) bench (.*);

  stream_rules #(.WIDTH(32), .NAME("range")) range_rules (
    .clk, .reset, .valid(rng_valid), .ready(rng_ready), .data(rng_range));
  stream_rules #(.WIDTH(32), .NAME("scale")) scale_rules (
    .clk, .reset, .valid(scl_valid), .ready(scl_ready), .data({scl_mantissa, scl_exponent}));
  stream_rules #(.WIDTH(ACT_BITS + 1), .NAME("count")) count_rules (
    .clk, .reset, .valid(cnt_valid), .ready(cnt_ready), .data({cnt_count, cnt_last}));
  stream_rules #(.WIDTH(65), .NAME("event")) event_rules (
    .clk, .reset, .valid(evt_valid), .ready(evt_ready), .data({evt_packet, evt_last}));
  stream_rules #(.WIDTH(ACC_BITS + 4), .NAME("sum")) sum_rules (
    .clk, .reset, .valid(sum_valid), .ready(sum_ready), .data({sum_value, sum_last, sum_fault}));
  stream_rules #(.WIDTH(42), .NAME("out")) out_rules (
    .clk, .reset, .valid(out_valid), .ready(out_ready),
    .data({out_value, out_last, out_saturated}));
  stream_rules #(.WIDTH(45), .NAME("layer")) layer_rules (
    .clk, .reset, .valid(lay_out_valid), .ready(lay_out_ready),
    .data({lay_out_value, lay_out_last, lay_out_saturated, lay_out_fault}));

  always #5 clk = !clk;

  // ---- Tensors of the case ---------------------------------------------------------------------
  logic signed [31:0] potentials [0:WORDS-1];
  logic signed [31:0] exponents [0:WORDS-1];
  logic signed [15:0] counts [0:WORDS-1];
  logic signed  [7:0] weights [0:WORDS-1];
  logic        [63:0] packets [0:WORDS-1];
  logic signed [31:0] edges [0:WORDS-1];
  logic signed [31:0] sums [0:WORDS-1];
  logic signed [31:0] partials [0:WORDS-1];
  logic signed [31:0] token_mantissas [0:WORDS-1];
  logic signed [31:0] token_exponents [0:WORDS-1];
  logic        [15:0] channel_mantissas [0:WORDS-1];
  logic signed [15:0] channel_exponents [0:WORDS-1];
  logic signed [63:0] biases [0:WORDS-1];
  logic signed [63:0] ranges [0:WORDS-1];
  logic signed [31:0] mantissas [0:WORDS-1];
  logic signed  [7:0] train [0:WORDS-1];
  logic signed [63:0] outputs [0:WORDS-1];
  logic signed [63:0] saturations [0:WORDS-1];

  // ---- The case, comparing, stalling -----------------------------------------------------------
  string operation, id, path, extra;
  int T, N, M, K, value, reject;
  int cases = 0, compared = 0, idle = 0;
  int unsigned stalls = 0, noise = 1;

  task automatic check(
    input string signal, input int index, input logic signed [63:0] expected,
    input logic signed [63:0] got
  );
    if (got !== expected)
      $fatal(1, "FAIL operation=%s case=%s signal=%s index=%0d expected=%0d got=%0d",
             operation, id, signal, index, expected, got);
    compared++;
    idle = 0;
  endtask

  always @(posedge clk) begin
    idle++;
    if (idle > 200000) $fatal(1, "FAIL operation=%s case=%s: no progress", operation, id);
  end

  // Xorshift of 32 bits: the same pauses on every simulator.
  function automatic bit pauses();
    if (stalls == 0) return 1'b0;
    noise = noise ^ (noise << 13);
    noise = noise ^ (noise >> 17);
    noise = noise ^ (noise << 5);
    return noise[4];
  endfunction

  task automatic rest;
    while (pauses()) @(negedge clk);
  endtask

  // Nothing more may come of a case than was expected.
  task automatic quiet;
    repeat (4) @(negedge clk);
    if (scl_valid || cnt_valid || evt_valid || sum_valid || out_valid || lay_out_valid)
      $fatal(1, "FAIL operation=%s case=%s: a beat too many", operation, id);
  endtask

  function automatic logic [63:0] packet(
    input int epoch, input bit ends, input bit negative, input int step, input int source
  );
    return {26'(epoch), ends, negative, 8'(step), 28'(source)};
  endfunction

  // ---- Loading ---------------------------------------------------------------------------------
  task automatic load_all_weights;
    neurons = EVENT_SOURCE_BITS'(N);
    targets = 16'(M);
    for (int j = 0; j < N; j++) begin
      load_weights = 'x;
      for (int m = 0; m < M; m++) load_weights[m*WIDTH +: WIDTH] = weights[j*M + m][WIDTH-1:0];
      load_source = ($clog2(NEURONS))'(j);
      load_row_valid = 1'b1;
      @(negedge clk);
    end
    load_row_valid = 1'b0;
  endtask

  task automatic load_channels;
    targets = 16'(M);
    for (int m = 0; m < M; m++) begin
      load_target = ($clog2(TARGETS))'(m);
      load_mantissa = channel_mantissas[m];
      load_exponent = channel_exponents[m];
      load_bias = biases[m][39:0];
      load_channel_valid = 1'b1;
      @(negedge clk);
    end
    load_channel_valid = 1'b0;
  endtask

  // ---- Streams ---------------------------------------------------------------------------------
  task automatic send_packet(input logic [63:0] word, input bit keep, input bit last);
    rest;
    acc_packet = word;
    acc_keep = keep;
    acc_last = last;
    acc_valid = 1'b1;
    do @(posedge clk); while (acc_ready !== 1'b1);
    @(negedge clk);
    acc_valid = 1'b0;
  endtask

  // The events of counts [first, stop), then their end marker.
  task automatic send_counts(input int row, input int first, input int stop, input int epoch);
    int sent, size;
    sent = 0;
    for (int d = 0; d < TRAIN_LENGTH; d++)
      for (int j = first; j < stop; j++) begin
        size = int'(counts[row*N + j]);
        if (size > d || -size > d) begin
          send_packet(packet(epoch, 1'b0, size < 0, d, j), 1'b1, 1'b0);
          sent++;
        end
      end
    send_packet(packet(epoch, 1'b1, 1'b0, 0, sent), 1'b1, 1'b1);
  endtask

  task automatic take_sum(output logic signed [63:0] got, output bit last, output bit faulty);
    rest;
    sum_ready = 1'b1;
    do @(posedge clk); while (sum_valid !== 1'b1);
    got = 64'(sum_value);
    last = sum_last;
    faulty = sum_fault != FAULT_NONE;
    @(negedge clk);
    sum_ready = 1'b0;
  endtask

  // ---- Operations ------------------------------------------------------------------------------
  task automatic run_encode;
    $readmemh({path, "/in/v.mem"}, potentials, 0, T*N - 1);
    $readmemh({path, "/out/range.mem"}, ranges, 0, T - 1);
    $readmemh({path, "/out/counts.mem"}, counts, 0, T*N - 1);
    $readmemh({path, "/out/mantissa.mem"}, mantissas, 0, T - 1);
    $readmemh({path, "/out/exponent.mem"}, exponents, 0, T - 1);
    fork
      for (int i = 0; i < T*N; i++) begin
        rest;
        enc_potential = potentials[i];
        enc_last = i % N == N - 1;
        enc_valid = 1'b1;
        do @(posedge clk); while (enc_ready !== 1'b1);
        @(negedge clk);
        enc_valid = 1'b0;
      end
      for (int t = 0; t < T; t++) begin
        do @(posedge clk); while ((rng_valid && rng_ready) !== 1'b1);
        check("range", t, ranges[t], 64'(rng_range));
      end
      for (int t = 0; t < T; t++) begin
        rest;
        scl_ready = 1'b1;
        do @(posedge clk); while (scl_valid !== 1'b1);
        check("mantissa", t, 64'(mantissas[t]), 64'(scl_mantissa));
        check("exponent", t, 64'(exponents[t]), 64'(scl_exponent));
        @(negedge clk);
        scl_ready = 1'b0;
      end
      for (int i = 0; i < T*N; i++) begin
        rest;
        cnt_ready = 1'b1;
        do @(posedge clk); while (cnt_valid !== 1'b1);
        check("counts", i, 64'(counts[i]), 64'(cnt_count));
        check("last", i, 64'(i % N == N - 1), 64'(cnt_last));
        @(negedge clk);
        cnt_ready = 1'b0;
      end
    join
  endtask

  task automatic send_unfold;
    for (int j = 0; j < N; j++) begin
      rest;
      unf_count = (ACT_BITS + 1)'(counts[j]);
      unf_last = j == N - 1;
      unf_valid = 1'b1;
      do @(posedge clk); while (unf_ready !== 1'b1);
      @(negedge clk);
      unf_valid = 1'b0;
    end
  endtask

  task automatic take_event(output logic [63:0] got, output bit last);
    rest;
    evt_ready = 1'b1;
    do @(posedge clk); while (evt_valid !== 1'b1);
    got = evt_packet;
    last = evt_last;
    @(negedge clk);
    evt_ready = 1'b0;
  endtask

  task automatic run_unfold;
    $readmemh({path, "/in/counts.mem"}, counts, 0, N - 1);
    $readmemh({path, "/out/train.mem"}, train, 0, K*N - 1);
    unf_epoch = '0;
    fork
      send_unfold;
      begin
        logic [63:0] got;
        bit last;
        int fired;
        fired = 0;
        for (int i = 0; i < K*N; i++)
          if (train[i] != 0) begin
            take_event(got, last);
            check("event", i, packet(0, 1'b0, train[i] < 0, i / N, i % N), got);
            check("last", i, 64'd0, 64'(last));
            fired++;
          end
        take_event(got, last);
        check("end", fired, packet(0, 1'b1, 1'b0, 0, fired), got);
        check("last", fired, 64'd1, 64'(last));
      end
    join
  endtask

  task automatic run_pack_events;
    $readmemh({path, "/in/counts.mem"}, counts, 0, N - 1);
    $readmemh({path, "/out/packets.mem"}, packets, 0, K - 1);
    unf_epoch = EVENT_EPOCH_BITS'(value);
    fork
      send_unfold;
      begin
        logic [63:0] got;
        bit last;
        for (int i = 0; i < K; i++) begin
          take_event(got, last);
          check("packets", i, packets[i], got);
          check("last", i, 64'(i == K - 1), 64'(last));
        end
      end
    join
  endtask

  task automatic expect_sums(input int first);
    logic signed [63:0] got;
    bit last, faulty;
    for (int m = 0; m < M; m++) begin
      take_sum(got, last, faulty);
      check("y", first + m, 64'(sums[first + m]), got);
      check("fault", first + m, 64'd0, 64'(faulty));
      check("last", first + m, 64'(m == M - 1), 64'(last));
    end
  endtask

  task automatic run_sparse_add;
    $readmemh({path, "/in/counts.mem"}, counts, 0, T*N - 1);
    $readmemh({path, "/in/weights.mem"}, weights, 0, N*M - 1);
    $readmemh({path, "/out/y.mem"}, sums, 0, T*M - 1);
    load_all_weights;
    acc_continued = 1'b0;
    for (int t = 0; t < T; t++) begin
      acc_epoch = EVENT_EPOCH_BITS'(t);
      send_counts(t, 0, N, t);
      expect_sums(t*M);
    end
  endtask

  // Each tile alone, then all tiles into the same sums.
  task automatic run_tiled_add;
    int tiles;
    tiles = K - 1;
    $readmemh({path, "/in/counts.mem"}, counts, 0, N - 1);
    $readmemh({path, "/in/weights.mem"}, weights, 0, N*M - 1);
    $readmemh({path, "/in/edges.mem"}, edges, 0, K - 1);
    $readmemh({path, "/out/partial.mem"}, partials, 0, tiles*M - 1);
    load_all_weights;
    for (int together = 0; together < 2; together++)
      for (int p = 0; p < tiles; p++) begin
        for (int m = 0; m < M; m++)
          sums[m] = partials[p*M + m] + ((together == 1 && p > 0) ? sums[m] : 0);
        acc_continued = together == 1 && p > 0;
        acc_epoch = EVENT_EPOCH_BITS'(p);
        send_counts(0, edges[p], edges[p+1], p);
        expect_sums(0);
      end
    acc_continued = 1'b0;
    for (int m = 0; m < M; m++) partials[m] = sums[m];
    $readmemh({path, "/out/y.mem"}, sums, 0, M - 1);
    for (int m = 0; m < M; m++) check("y", m, 64'(sums[m]), 64'(partials[m]));
  endtask

  task automatic run_integrate;
    logic signed [63:0] got;
    bit last, faulty;
    if (K > 0) $readmemh({path, "/in/packets.mem"}, packets, 0, K - 1);
    $readmemh({path, "/in/weights.mem"}, weights, 0, N*M - 1);
    if (reject == 0) $readmemh({path, "/out/y.mem"}, sums, 0, M - 1);
    load_all_weights;
    acc_continued = 1'b0;
    acc_epoch = EVENT_EPOCH_BITS'(value);
    for (int i = 0; i < K; i++) send_packet(packets[i], 1'b1, i == K - 1);
    if (K == 0) send_packet('0, 1'b0, 1'b1);
    if (reject == 0) expect_sums(0);
    else begin
      take_sum(got, last, faulty);
      check("fault", 0, 64'd1, 64'(faulty));
      check("last", 0, 64'd1, 64'(last));
    end
  endtask

  task automatic read_channels;
    $readmemh({path, "/in/channel_mantissa.mem"}, channel_mantissas, 0, M - 1);
    $readmemh({path, "/in/channel_exponent.mem"}, channel_exponents, 0, M - 1);
    $readmemh({path, "/in/bias.mem"}, biases, 0, M - 1);
    $readmemh({path, "/out/output.mem"}, outputs, 0, T*M - 1);
    $readmemh({path, "/out/saturations.mem"}, saturations, 0, T - 1);
    load_channels;
    out_bits = 6'(value);
  endtask

  task automatic run_rescale;
    $readmemh({path, "/in/accumulator.mem"}, sums, 0, T*M - 1);
    $readmemh({path, "/in/token_mantissa.mem"}, token_mantissas, 0, T - 1);
    $readmemh({path, "/in/token_exponent.mem"}, token_exponents, 0, T - 1);
    read_channels;
    fork
      for (int t = 0; t < T; t++) begin
        rest;
        tok_mantissa = token_mantissas[t][15:0];
        tok_exponent = token_exponents[t][15:0];
        tok_valid = 1'b1;
        do @(posedge clk); while (tok_ready !== 1'b1);
        @(negedge clk);
        tok_valid = 1'b0;
      end
      for (int i = 0; i < T*M; i++) begin
        rest;
        res_sum = sums[i];
        res_last = i % M == M - 1;
        res_valid = 1'b1;
        do @(posedge clk); while (res_ready !== 1'b1);
        @(negedge clk);
        res_valid = 1'b0;
      end
      begin
        int changed;
        changed = 0;
        for (int i = 0; i < T*M; i++) begin
          rest;
          out_ready = 1'b1;
          do @(posedge clk); while (out_valid !== 1'b1);
          check("output", i, outputs[i], 64'(out_value));
          check("last", i, 64'(i % M == M - 1), 64'(out_last));
          changed += int'(out_saturated);
          if (i % M == M - 1) begin
            check("saturations", i / M, saturations[i / M], 64'(changed));
            changed = 0;
          end
          @(negedge clk);
          out_ready = 1'b0;
        end
      end
    join
  endtask

  // Counts and sums inside the layer are compared where they pass.
  bit tapping = 1'b0;
  int tapped_counts, tapped_sums;
  always @(posedge clk) if (tapping) begin
    if (bench.layer.count_valid && bench.layer.count_ready) begin
      check("counts", tapped_counts, 64'(counts[tapped_counts]), 64'(bench.layer.count));
      tapped_counts++;
    end
    if (bench.layer.sum_valid && bench.layer.sum_ready) begin
      check("accumulator", tapped_sums, 64'(sums[tapped_sums]), 64'(bench.layer.sum));
      tapped_sums++;
    end
  end

  task automatic run_linear;
    $readmemh({extra, "/potential.mem"}, potentials, 0, T*N - 1);
    $readmemh({extra, "/exponent.mem"}, exponents, 0, T - 1);
    $readmemh({path, "/in/weights.mem"}, weights, 0, N*M - 1);
    $readmemh({path, "/out/counts.mem"}, counts, 0, T*N - 1);
    $readmemh({path, "/out/accumulator.mem"}, sums, 0, T*M - 1);
    load_all_weights;
    read_channels;
    tapped_counts = 0;
    tapped_sums = 0;
    tapping = 1'b1;
    fork
      for (int i = 0; i < T*N; i++) begin
        rest;
        lay_potential = potentials[i];
        lay_exponent = exponents[i / N][15:0];
        lay_last = i % N == N - 1;
        lay_valid = 1'b1;
        do @(posedge clk); while (lay_ready !== 1'b1);
        @(negedge clk);
        lay_valid = 1'b0;
      end
      begin
        int changed;
        changed = 0;
        for (int i = 0; i < T*M; i++) begin
          rest;
          lay_out_ready = 1'b1;
          do @(posedge clk); while (lay_out_valid !== 1'b1);
          check("fault", i, 64'd0, 64'(lay_out_fault));
          check("output", i, outputs[i], 64'(lay_out_value));
          check("last", i, 64'(i % M == M - 1), 64'(lay_out_last));
          changed += int'(lay_out_saturated);
          if (i % M == M - 1) begin
            check("saturations", i / M, saturations[i / M], 64'(changed));
            changed = 0;
          end
          @(negedge clk);
          lay_out_ready = 1'b0;
        end
      end
    join
    tapping = 1'b0;
    check("counts seen", 0, 64'(T*N), 64'(tapped_counts));
    check("sums seen", 0, 64'(T*M), 64'(tapped_sums));
  endtask

  // ---- All cases -------------------------------------------------------------------------------
  string list, waves;
  int file, fields;

  initial begin
    if (!$value$plusargs("LIST=%s", list)) $fatal(1, "FAIL +LIST=FILE is missing");
    if (!$value$plusargs("STALLS=%d", stalls)) stalls = 0;
    noise = stalls * 2 + 1;
    if ($value$plusargs("WAVES=%s", waves)) begin
      $dumpfile(waves);
      $dumpvars(0, replay);
    end
    file = $fopen(list, "r");
    if (file == 0) $fatal(1, "FAIL %s cannot be read", list);
    repeat (3) @(negedge clk);
    reset = 1'b0;
    @(negedge clk);
    fields = next_case();
    while (fields == 10) begin
      // Icarus 11 has no case over strings.
      if (operation == "encode") run_encode;
      else if (operation == "unfold") run_unfold;
      else if (operation == "pack_events") run_pack_events;
      else if (operation == "sparse_add") run_sparse_add;
      else if (operation == "tiled_add") run_tiled_add;
      else if (operation == "integrate") run_integrate;
      else if (operation == "rescale") run_rescale;
      else if (operation == "linear") run_linear;
      else $fatal(1, "FAIL operation=%s is unknown to this bench", operation);
      quiet;
      cases++;
      fields = next_case();
    end
    if (cases == 0) $fatal(1, "FAIL no case was run");
    if (compared == 0) $fatal(1, "FAIL nothing was compared");
    $display("PASS %0d cases, %0d values, stalls %0d", cases, compared, stalls);
    $finish;
  end

  function automatic int next_case();
    return $fscanf(file, "%s %s %d %d %d %d %d %d %s %s\n",
                   operation, id, T, N, M, K, value, reject, path, extra);
  endfunction
endmodule
