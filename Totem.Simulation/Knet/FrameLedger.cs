using Totem.Simulation.Model;

namespace Totem.Simulation.Knet;

/// <summary>
/// Frames that rings handed down to kronosnet, and those that it handed up: what comes up was sent by whom it names, to
/// this receiver, and comes at most as often as it was sent.
/// </summary>
internal sealed class FrameLedger
{
    private const int All = -1;
    private const int Anybody = -2;

    private readonly Dictionary<(int From, int To, ulong Hash), int> _sent = [];
    private readonly Dictionary<(int Receiver, int Life, int From, bool IsBroadcast, ulong Hash), int> _handedUp = [];

    /// <summary>Copies have been made that libknet's format may take for new: it promises nothing
    /// of old ones.</summary>
    public bool IsLoose { get; set; }

    /// <summary>A ring sends; to all when <paramref name="to"/> is negative.</summary>
    public void Sent(int from, int to, ReadOnlySpan<byte> frame)
    {
        var hash = StableHash.Of(frame);
        Add(_sent, (from, to < 0 ? All : to, hash));
        Add(_sent, (from, Anybody, hash));
    }

    /// <summary>A machine hands a frame up.</summary>
    /// <param name="receiver">At whom.</param>
    /// <param name="life">In which life.</param>
    /// <param name="from">The sender that the machine names.</param>
    /// <param name="isBroadcast">Its sender says that it went to all.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="isExact">Copies are refused however old they are.</param>
    /// <returns>The objection to that; null when there is none.</returns>
    public string? Objection(int receiver, int life, int from, bool isBroadcast, ReadOnlySpan<byte> frame, bool isExact)
    {
        var hash = StableHash.Of(frame);
        if (_sent.GetValueOrDefault((from, Anybody, hash)) == 0)
            return "which it never sent";
        var allowed = _sent.GetValueOrDefault((from, isBroadcast ? All : receiver, hash));
        if (allowed == 0)
            return $"which it did not send {(isBroadcast ? "to all" : "to it")}";
        var times = Add(_handedUp, (receiver, life, from, isBroadcast, hash));
        return times > allowed && (isExact || !IsLoose)
            ? $"which it sent {allowed} times, and comes the {times}th time"
            : null;
    }

    private static int Add<T>(Dictionary<T, int> counts, T key)
        where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;
}
