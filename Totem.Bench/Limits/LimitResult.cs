using Totem.Bench.Load;
using Totem.Bench.Results;

namespace Totem.Bench.Limits;

/// <summary>
/// The result of a limit, in the figures of a ring. A token ring: a message is a rotation, its latency is the rotation.
/// A fan-out: a message is a datagram at a receiver, on average over the receivers. A hop: a message is one datagram to
/// each of the others, and its latency at the sender ends with the answer of the last of them.
/// </summary>
internal static class LimitResult
{
    private const double NanosecondsPerSecond = 1e9;
    private const double NanosecondsPerMicrosecond = 1e3;
    private const double BytesPerMegabyte = 1e6;

    /// <summary>Puts together what the processes saw; the first one began the token, or sent.</summary>
    public static RunResult Of(string mode, IReadOnlyList<WindowCounts> nodes)
    {
        var isToken = mode.StartsWith("token", StringComparison.Ordinal);
        var isHop = mode == "hop";
        var receivers = RunResult.ReceiversByMedian(nodes);
        IReadOnlyList<WindowCounts> counting = isToken ? [nodes[0]] : [.. nodes.Skip(1)];
        var seconds = counting.Average(x => x.Nanoseconds) / NanosecondsPerSecond;
        var messages = counting.Average(x => (double)x.Messages);
        var processor = nodes.Sum(x => (double)x.ProcessorNanoseconds);
        return new RunResult
        {
            IsOrderEqual = true, // Nobody promises one.
            Messages = (long)messages,
            Seconds = seconds,
            MessagesPerSecond = messages / seconds,
            MegabytesPerSecond = counting.Average(x => (double)x.Bytes) / BytesPerMegabyte / seconds,
            AtSender = isToken || isHop ? LatencySummary.Of([nodes[0].AtSender]) : null,
            AtReceivers = isHop ? LatencySummary.Of(nodes.Select(x => x.AtReceiver)) : null,
            AtMedianReceiver = receivers.Count > 0 ? receivers[(receivers.Count - 1) / 2] : null,
            AtLastReceiver = receivers.Count > 0 ? receivers[^1] : null,
            ProcessorMicrosecondsPerMessage = processor / NanosecondsPerMicrosecond / Math.Max(1, messages),
            Cores = processor / NanosecondsPerSecond / seconds,
            LostShare = isToken || nodes[0].OwnMessages == 0 ? null : Math.Max(0, 1 - messages / nodes[0].OwnMessages),
        };
    }
}
