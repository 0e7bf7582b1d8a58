using Totem.Simulation.Traces;

namespace Totem.Cli.Workers;

/// <summary>The messages of a worker: payloads that name themselves; a mark is one whose number
/// lies far above the others.</summary>
internal static class WorkerMessage
{
    /// <summary>The size of a mark: a payload's header alone.</summary>
    public const int MarkBytes = MessagePayload.MinSizeBytes;

    private const long FirstMark = 1L << 40;

    /// <summary>The name of a mark.</summary>
    public static MessageId MarkId(ProcessorId sender, int incarnation, int mark) =>
        new(sender, incarnation, FirstMark + mark);

    /// <summary>The mark that a payload is, or null for an ordinary message.</summary>
    public static int? MarkOf(ReadOnlySpan<byte> payload)
        => payload.Length == MarkBytes && MessagePayload.TryParse(payload, out var id, out _) && id.Number >= FirstMark
            ? (int)(id.Number - FirstMark)
            : null;

    /// <summary>
    /// A size between the two: evenly drawn over the digits rather than over the numbers, so that most messages are
    /// small and some are large.
    /// </summary>
    public static int DrawSize(Random random, int sizeBytesMin, int sizeBytesMax)
    {
        var low = Math.Max(sizeBytesMin, MessagePayload.MinSizeBytes);
        var high = Math.Max(sizeBytesMax, low);
        var size = low * Math.Pow((double)high / low, random.NextDouble());
        return Math.Clamp((int)Math.Round(size), low, high);
    }
}
