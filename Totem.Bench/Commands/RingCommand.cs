using System.CommandLine;
using System.Globalization;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Ring;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>ring</c>: rings of real processes under load.</summary>
internal sealed class RingCommand : Command
{
    // 1 MiB would not fit into corosync's largest message, which is a little less.
    private const int SizeMax = 1_000_000;

    private readonly BenchFlags _shared = new();

    private readonly Option<string[]> _engine = new("--engine")
    {
        Description = "The engines to measure, in turn: " + string.Join(", ", EngineSpec.Names)
            + ". Repeated, or a list with commas; ratios are to the first. "
            + "NAME:SETTING=VALUE sets an option of ours (totem:AcceleratedWindow=20:WindowSize=100) or a line of "
            + "corosync.conf "
            + "(corosync-udpu:window_size=300:system.sched_rr=no); totem@DIR takes the nodes of another build of this "
            + "program, to compare two versions.",
        HelpName = "NAME,...",
        DefaultValueFactory = _ => [EngineSpec.Totem],
    };

    private readonly Option<int> _size = Ranged.Number(
        "--size", "The length of a message, in bytes; what is called 1 MiB elsewhere is 1000000 here, the most that "
            + "corosync takes.", 1350, MessageHeader.Bytes, SizeMax);

    private readonly Option<string> _guarantee =
        OneOf("--guarantee", "The guarantee that is asked of the ring; corosync has agreed only.", "agreed", "safe");
    private readonly Option<string> _load = new("--load")
    {
        Description = "closed: one message in flight at each sender, sent from the delivery of the one before. turns: "
            + "the senders answer each other in turn, and each "
            + "sends from the delivery of the other's message. rate:N: N messages a second of all senders "
            + "together, at fixed instants; latency counts from them. beside:N: the first sender as in closed, the "
            + "others as in rate:N, and only theirs are timed. saturation: as many as are taken. idle: none, to see "
            + "what the ring costs.",
        HelpName = "LOAD",
        DefaultValueFactory = _ => "saturation",
    };

    private readonly Option<string?> _senders = new("--senders") { Description = "all, one, or how many. By default "
        + "one for a closed loop, two for turns and beside, all otherwise.", HelpName = "WHO" };
    private readonly Option<string> _transport = OneOf("--transport", "The transport of ours; knet is encrypted as "
        + "daemons do it, knet-aead in our own format.", "udpu", "udp", "knet", "knet-aead");
    private readonly Option<string> _api = OneOf("--api", "How ours is used: a handler on the ring's thread, the "
        + "stream of events, or a process group.", "handler", "stream", "group");
    private readonly Option<bool> _busyPoll =
        new("--busy-poll") { Description = "Ours looks for datagrams for 10 ms before it sleeps, instead of 0.1." };

    /// <summary>Creates the command.</summary>
    public RingCommand() : base("ring",
        "Measures rings of real processes under load; several engines take turns. Prints medians, the spread of the "
        + "rate and ratios to the\n"
        + "first engine. Fails when nodes delivered different messages or another order. Progress goes to the "
        + "standard error.")
    {
        foreach (var option in (Option[])[_engine, _size, _guarantee, _load, _senders, _transport, _api, _busyPoll])
            Add(option);
        _shared.AddTo(this);
        SetAction((parsed, _) => _shared.RunAsync(parsed, ReadPlan(parsed)));
    }

    private RingPlan ReadPlan(ParseResult parsed)
    {
        var engines = new List<EngineSpec>();
        foreach (var text in parsed.GetValue(_engine)!.SelectMany(
            x => x.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (!EngineSpec.TryParse(text, out var engine))
                throw new CommandFailedException(
                    ExitCode.Usage, $"--engine is '{text}', expected one of {string.Join(", ", EngineSpec.Names)}");
            engines.Add(engine);
        }

        if (!LoadShape.TryParse(parsed.GetValue(_load)!, out var load))
            throw new CommandFailedException(ExitCode.Usage, $"--load is '{parsed.GetValue(_load)}', expected closed, "
                + "turns, saturation, idle, rate:N or beside:N");
        var nodes = _shared.Nodes(parsed);
        var byDefault =
            load.Kind switch { LoadKind.Closed => "one", LoadKind.Turns or LoadKind.Beside => "2", _ => "all" };
        var senders = (parsed.GetValue(_senders) ?? byDefault) switch
        {
            "one" => 1,
            "all" => nodes,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= 1 && number <= nodes => number,
            var other => throw new CommandFailedException(
                ExitCode.Usage, $"--senders is '{other}', expected all, one, or 1 to {nodes}"),
        };
        var isSafe = parsed.GetValue(_guarantee) == "safe";
        if (isSafe && engines.Any(x => x.Kind is EngineKind.Corosync or EngineKind.Mixed))
            throw new CommandFailedException(ExitCode.Usage, "--guarantee safe: corosync has agreed only");
        return new RingPlan(
            engines, nodes, parsed.GetValue(_size), isSafe, load, senders, _shared.Seconds(parsed),
            _shared.WarmUp(parsed), _shared.Runs(parsed),
            parsed.GetValue(_transport)!, parsed.GetValue(_api)!, parsed.GetValue(_busyPoll));
    }

    private static Option<string> OneOf(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
