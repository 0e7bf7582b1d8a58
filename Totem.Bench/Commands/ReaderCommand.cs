using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Totem.Bench.Load;
using Totem.Bench.Readers;
using Totem.Bench.Report;
using Totem.Bench.Results;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>reader</c>: what a member that reads slowly, or stops reading, does to the others.</summary>
internal sealed class ReaderCommand : Command
{
    private const int SizeMax = 1_000_000;

    private readonly BenchFlags _shared = new();
    private readonly Option<int> _size =
        Ranged.Number("--size", "The length of a message, in bytes.", 1350, MessageHeader.Bytes, SizeMax);
    private readonly Option<int> _rate = Ranged.Number("--rate", "Messages a second that all but the reader send "
        + "together.", ReaderPlan.DefaultRate, 100, 1_000_000);
    private readonly Option<int> _pause = Ranged.Number("--pause", "How many seconds the reader pauses; its first 5 do "
        + "not count.", ReaderPlan.DefaultPause, ReaderPlan.PauseMin, 3600);
    private readonly Option<string> _percents = new("--percent")
    {
        Description = "The share of the offered rate that a slow reader takes, in percent: a list with commas, a ring "
            + "for each.",
        HelpName = "N,...",
        DefaultValueFactory = _ => "10,50,90",
    };

    private readonly Option<string> _transport =
        new("--transport") { Description = "The transport.", DefaultValueFactory = _ => "udpu" };

    /// <summary>Creates the command.</summary>
    public ReaderCommand() : base(
        "reader",
        "Measures what the others deliver while the last node reads slowly, or pauses: beside what it can take, and "
        + "beside a ring without\n"
        + "it, which begins each run. Rates are by the clock, since a member that is out hears no marks. Fails when a "
        + "ring does not form, or\n"
        + "when a ratio falls short. Take --warm-up 30: until then the compiler decides, and\n"
        + "queues fill that a reader which is nearly fast enough lives on. Progress goes to the standard error.")
    {
        _transport.AcceptOnlyFromAmong("udpu", "udp");
        foreach (var option in (Option[])[_size, _rate, _percents, _pause, _transport])
            Add(option);
        _shared.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var plan = new ReaderPlan(
            _shared.Nodes(parsed), parsed.GetValue(_size), parsed.GetValue(_rate),
            PercentsOf(parsed.GetValue(_percents)!), parsed.GetValue(_pause),
            _shared.Seconds(parsed), _shared.WarmUp(parsed), _shared.Runs(parsed), parsed.GetValue(_transport)!);
        using var signals = new StopSignals();
        var bench = new ReaderBench(plan, _shared.NetOf(parsed), parsed.InvocationConfiguration.Error);
        var report = await bench.RunAsync(signals.Token).ConfigureAwait(false);
        if (await _shared.WriteAsync(parsed, JsonSerializer.Serialize(report, ReaderReportJson.Default.ReaderReport))
            .ConfigureAwait(false))
            ReaderTable.Write(report, parsed.InvocationConfiguration.Output);
        return report.Readers.All(x => x.IsMet != false) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static int[] PercentsOf(string text)
    {
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var percents = parts.Select(x =>
            int.TryParse(x, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : 0).ToArray();
        return Array.TrueForAll(percents, x => x is >= 1 and <= 100)
            ? percents
            : throw new CommandFailedException(
                ExitCode.Usage, $"--percent is '{text}', expected numbers from 1 to 100 with commas");
    }
}
