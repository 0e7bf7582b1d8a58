using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Links;

namespace Totem.Simulation.Scenarios;

/// <summary>Scripts that are one step simpler than a given one, the boldest steps first.</summary>
internal static class ScriptReductions
{
    public static IEnumerable<FaultScript> Of(FaultScript script) =>
        WithoutChunks(script)
            .Concat(WithoutProcessor(script))
            .Concat(WithSimplerEnd(script))
            .Concat(WithSimplerActions(script))
            .Concat(WithSimplerSetup(script));

    private static IEnumerable<FaultScript> WithoutChunks(FaultScript script)
    {
        var actions = script.Actions;
        for (var size = actions.Count; size >= 1; size /= 2)
        {
            for (var start = 0; start < actions.Count; start += size)
            {
                var (from, to) = (start, Math.Min(start + size, actions.Count));
                yield return script.With(actions: [.. actions.Where((_, i) => i < from || i >= to)]);
            }
        }
    }

    private static IEnumerable<FaultScript> WithoutProcessor(FaultScript script)
    {
        if (script.ProcessorCount <= 2)
            yield break;
        // The highest id first: the rest keeps its representative.
        foreach (var gone in script.Setup.Processors.Reverse())
        {
            var actions = script.Actions.Select(x => Without(x, gone)).OfType<TimedAction>().ToList();
            var end = script.End with
            {
                Down = script.End.Down.Without(gone),
                KeepCuts = [.. script.End.KeepCuts.Where(x => !x.Nodes.Contains(gone))],
            };
            var setup = script.Setup with
            {
                Processors = [.. script.Setup.Processors.Where(x => x != gone)],
                Stored = script.Setup.Stored.Where(x => x.Key != gone).ToDictionary(),
                Foreign = script.Setup.Foreign.Without(gone),
                Plain = script.Setup.Plain.Without(gone),
                Restless = script.Setup.Restless.Without(gone),
                Knet = script.Setup.Knet is { } knet
                    ? knet with { Libknet = knet.Libknet.Without(gone), AeadOnly = knet.AeadOnly.Without(gone) } : null,
            };
            yield return script.With(setup, actions, end);
        }
    }

    private static TimedAction? Without(TimedAction timed, ProcessorId gone)
    {
        if (!timed.Action.Nodes.Contains(gone))
            return timed;
        if (timed.Action is not PartitionNetwork partition)
            return null;
        var pieces = partition.Pieces.Select(x => x.Without(gone)).Where(x => !x.IsEmpty).ToArray();
        return timed with { Action = new PartitionNetwork(pieces) };
    }

    private static IEnumerable<FaultScript> WithSimplerEnd(FaultScript script)
    {
        if (!script.End.Down.IsEmpty)
            yield return script.With(end: script.End with { Down = ProcessorSet.Empty });
        if (script.End.KeepCuts.Count > 0)
            yield return script.With(end: script.End with { KeepCuts = [] });
        var last = script.Actions.Count == 0 ? TimeSpan.Zero : script.Actions[^1].At;
        foreach (var at in new[] { last, last + script.Setup.Options.TokenTimeout })
        {
            if (at < script.End.At)
                yield return script.With(end: script.End with { At = at });
        }
    }

    private static IEnumerable<FaultScript> WithSimplerActions(FaultScript script)
    {
        for (var i = 0; i < script.Actions.Count; i++)
        {
            var timed = script.Actions[i];
            foreach (var simpler in Simpler(timed.Action))
            {
                var actions = script.Actions.ToArray();
                actions[i] = timed with { Action = simpler };
                yield return script.With(actions: actions);
            }
        }
    }

    private static IEnumerable<FaultAction> Simpler(FaultAction action)
    {
        switch (action)
        {
            case SubmitMessages submit:
                if (submit.Count > 1)
                {
                    yield return submit with { Count = 1 };
                    yield return submit with { Count = submit.Count / 2 };
                    yield return submit with { Count = submit.Count - 1 };
                }

                if (submit.SizeHigh > 20)
                {
                    yield return submit with { SizeLow = 20, SizeHigh = 20 };
                    yield return submit with { SizeLow = submit.SizeLow / 2, SizeHigh = submit.SizeHigh / 2 };
                }

                if (submit.Guarantee == SubmitGuarantee.Mixed)
                    yield return submit with { Guarantee = SubmitGuarantee.Safe };
                if (submit.Guarantee != SubmitGuarantee.Agreed)
                    yield return submit with { Guarantee = SubmitGuarantee.Agreed };
                break;
            case SendToGroup send:
                if (send.Count > 1)
                {
                    yield return send with { Count = 1 };
                    yield return send with { Count = send.Count / 2 };
                }

                if (send.Parts > 1)
                    yield return send with { Parts = 1 };
                if (send.SizeHigh > 20)
                    yield return send with { SizeLow = 20, SizeHigh = 20 };
                if (send.Guarantee != SubmitGuarantee.Agreed)
                    yield return send with { Guarantee = SubmitGuarantee.Agreed };
                break;
            case SetNoise { Noise: var noise }:
                foreach (var quieter in Quieter(noise))
                {
                    if (quieter != noise)
                        yield return new SetNoise(quieter);
                }

                break;
            case DisturbPath disturb:
                foreach (var simpler in (DisturbPath[])[disturb with { Loss = 0 }, disturb with { Duplicates = 0 },
                    disturb with { Corruption = 0 }])
                {
                    if (simpler != disturb)
                        yield return simpler;
                }

                break;
            case DelayPath { Jitter.Ticks: > 0 } delay:
                yield return delay with { Jitter = TimeSpan.Zero };
                break;
            case AttackMember { Count: > 1 } attack:
                yield return attack with { Count = 1 };
                yield return attack with { Count = attack.Count / 2 };
                break;
            case DropFrames { Count: > 1 } drop:
                yield return drop with { Count = 1 };
                yield return drop with { Count = drop.Count - 1 };
                break;
            case PaceReader { Each.Ticks: > 0 } reader:
                yield return reader with { Each = reader.Each / 2 };
                break;
            case SlowNode slow when slow.Datagram > TimeSpan.Zero && slow.Consume > TimeSpan.Zero:
                yield return slow with { Datagram = TimeSpan.Zero };
                yield return slow with { Consume = TimeSpan.Zero };
                break;
            default:
                break;
        }
    }

    private static IEnumerable<NetworkNoise> Quieter(NetworkNoise noise) =>
    [
        noise with { LossRate = 0 },
        noise with { DuplicateRate = 0, ReplayMax = TimeSpan.Zero },
        noise with { ReorderRate = 0, ReorderMax = TimeSpan.Zero },
        noise with { CorruptRate = 0 },
        noise with { TokenLossRate = 0 },
        noise with { BigLossRate = 0, BigBytes = 0 },
    ];

    private static IEnumerable<FaultScript> WithSimplerSetup(FaultScript script)
    {
        var setup = script.Setup;
        var options = setup.Options;
        ClusterSetup[] simpler =
        [
            setup with { Stored = new Dictionary<ProcessorId, ulong>() },
            setup with { Foreign = ProcessorSet.Empty },
            setup with { Options = options with { AcceleratedWindow = 0 }, Plain = ProcessorSet.Empty },
            setup with { Plain = ProcessorSet.Empty },
            setup with { Options = options with { TokenPark = TimeSpan.Zero }, Restless = ProcessorSet.Empty },
            setup with { Restless = ProcessorSet.Empty },
            setup with { Options = options with { AcceleratedWindow = Math.Min(1, options.AcceleratedWindow) } },
            setup with { Jitter = TimeSpan.Zero },
            setup with { StoreLatency = TimeSpan.Zero },
            setup with { UnreachableRate = 0 },
            setup with { Options = options with { Allowed = null } },
            setup with { Options = options with { FirstSeq = default } },
            setup with { Options = options with { FirstTokenSeq = default } },
            setup with { Options = options with { NetMtu = ClusterSetup.FastOptions.NetMtu } },
            setup with { Options =
                options with { MaxSendQueueMessages = ClusterSetup.FastOptions.MaxSendQueueMessages } },
            setup with
            {
                Options = options with
                {
                    WindowSize = ClusterSetup.FastOptions.WindowSize,
                    MaxMessagesPerVisit = ClusterSetup.FastOptions.MaxMessagesPerVisit,
                    AcceleratedWindow =
                        Math.Min(options.AcceleratedWindow, ClusterSetup.FastOptions.MaxMessagesPerVisit),
                    ReceiveWindow = ClusterSetup.FastOptions.ReceiveWindow,
                },
            },
            setup with { Options = options with { MaxWindowSize = 0,
                AcceleratedWindow = Math.Min(options.AcceleratedWindow, options.MaxMessagesPerVisit) } },
            setup with { Options =
                options with { IdleVisitsBeforeHold = ClusterSetup.FastOptions.IdleVisitsBeforeHold } },
            .. SimplerKnet(setup.Knet).Select(x => setup with { Knet = x }),
        ];
        foreach (var candidate in simpler)
        {
            var changed = candidate != setup
                && (candidate.Stored.Count != setup.Stored.Count || candidate with { Stored = setup.Stored } != setup);
            if (changed)
                yield return script.With(setup: candidate);
        }
    }

    private static IEnumerable<KnetClusterSetup> SimplerKnet(KnetClusterSetup? knet) => knet is null ? [] :
    [
        knet with { Libknet = ProcessorSet.Empty, AeadOnly = ProcessorSet.Empty },
        knet with { Format = SpokenFormat.Libknet, AeadOnly = ProcessorSet.Empty },
        knet with { LastSeq = 0 },
        knet with { FixedIpBytes = 0 },
        knet with { Compresses = false },
        knet with { IsIPv6 = false },
        knet with { Preferred = 0 },
        knet with { Mode = LinkMode.Passive },
        knet with { Suite = new(KnetCipher.None, KnetHash.Sha1) },
    ];
}
