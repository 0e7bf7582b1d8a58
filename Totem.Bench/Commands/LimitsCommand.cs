using System.CommandLine;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Ring;

namespace Totem.Bench.Commands;

/// <summary><c>limits</c>: what the kernel can do with datagrams, without any protocol.</summary>
internal sealed class LimitsCommand : Command
{
    private readonly BenchFlags _shared = new();

    /// <summary>Creates the command.</summary>
    public LimitsCommand() : base(
        "limits",
        "Measures what the kernel can do without any protocol, with a program in C (needs gcc): a datagram that goes "
        + "round all\n"
        + "nodes (token: blocking; token-busy: polling; a message is a rotation), one datagram to each other node, "
        + "answered\n"
        + "(hop), and datagrams of 1400 bytes from one node to all others\n"
        + "(fanout: one a call; -mmsg: batches; -gso: segmentation and receive offload; a message is a datagram at a "
        + "receiver). Polling is\n"
        + "left out where there are fewer cores than nodes.")
    {
        _shared.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var isLoopback = _shared.IsLoopback(parsed);
        // Processes that poll need a core each, and the loopback has no multicast.
        var isPolling = _shared.Nodes(parsed) <= Environment.ProcessorCount;
        var engines = EngineSpec.Limits
            .Where(x => isPolling || x != EngineSpec.BusyToken)
            .Where(x => !isLoopback || x == EngineSpec.Hop || x.StartsWith(EngineSpec.Token, StringComparison.Ordinal))
            .Select(x => EngineSpec.TryParse(x, out var engine) ? engine : throw new InvalidOperationException(x));
        return await _shared.RunAsync(parsed, new RingPlan(
            [.. engines], _shared.Nodes(parsed), EngineSpec.LimitBytes, IsSafe: false,
            new LoadShape(LoadKind.Saturation, 0), 1, _shared.Seconds(parsed), _shared.WarmUp(parsed),
            _shared.Runs(parsed), "none", "none", IsBusyPolling: false)).ConfigureAwait(false);
    }
}
