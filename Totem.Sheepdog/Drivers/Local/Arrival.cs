using System.Runtime.Versioning;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>How a session gets into the order, and who was in it before.</summary>
/// <remarks>
/// It makes itself known before its request has a place, and publishes the place as soon as it has read it. So whoever
/// comes later finds everybody who was before: either with the place, or without one and then in a segment that is kept
/// for it.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class Arrival(LocalDirectory directory, PeerId self, ulong firstSegment)
{
    /// <summary>Where each sender was first read.</summary>
    private readonly Dictionary<PeerId, LogPosition> _seen = [];

    /// <summary>This session's request was read.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Where this session's request stands.</summary>
    public LogPosition Place { get; private set; }

    /// <summary>Makes a session known and opens the order at its end.</summary>
    /// <exception cref="IOException">The files cannot be made.</exception>
    public static (Presence Presence, LocalLog Log) Begin(
        LocalDirectory directory, PeerId self, LocalLimits limits, ILogWatch watch)
    {
        Presence? presence = null;
        OrderFile? order = null;
        try
        {
            while (true)
            {
                var segment = directory.Segments() is [.., var last] ? last : 1;
                presence ??= Presence.Create(directory, self, new PeerStanding(segment, null));
                // From here on nobody removes it, or it is gone already, and there is a later one.
                presence.Publish(new PeerStanding(segment, null));
                order = OrderFile.TryOpen(directory.Files, directory.OrderPath(segment), isMade: segment == 1);
                // The first of all is made where there is none. A process that was slow about that could make it behind
                // others who have gone on.
                if (order is not null && (segment != 1 || directory.Segments() is [1]) && watch.Follow(order.Path))
                    return (presence, new LocalLog(directory, self, limits, order, segment));
                order?.Dispose();
            }
        }
        catch
        {
            presence?.Dispose();
            order?.Dispose();
            throw;
        }
    }

    /// <summary>The next entry, before this session's request or the request itself.</summary>
    /// <returns>Whether it is this session's request.</returns>
    public bool Handle(in LogEntry entry, LogPosition place)
    {
        if (entry.Kind == OrderKind.Message)
            _seen.TryAdd(entry.Sender, place);
        if (entry.Sender != self)
            return false;
        (IsOver, Place) = (true, place);
        return true;
    }

    /// <summary>The sessions that had arrived before and are alive, in the order of their arrival.</summary>
    public IReadOnlyList<PeerId> Before()
    {
        var before = new SortedDictionary<LogPosition, PeerId>();
        foreach (var peer in directory.Peers())
        {
            if (peer == self || Presence.TryRead(directory, peer) is not { } standing
                || !Presence.IsAlive(directory, peer))
                continue;
            if (standing.Arrival is null && !_seen.ContainsKey(peer))
                LookFor(standing.Reads);
            var arrival = standing.Arrival ?? (_seen.TryGetValue(peer, out var place) ? place : null);
            if (arrival is { } there && there.CompareTo(Place) < 0)
                before[there] = peer;
        }

        _seen.Clear();
        return [.. before.Values];
    }

    /// <summary>One that does not know its place yet can have it in a segment before those that
    /// were read here.</summary>
    private void LookFor(ulong from)
    {
        foreach (var segment in directory.Segments().Where(x => x >= from && x < firstSegment))
        {
            using var order = OrderFile.TryOpen(directory.Files, directory.OrderPath(segment), isMade: false);
            while (order is not null && order.TryRead(out var record) && record.Kind != OrderKind.Seal)
            {
                if (record.Kind == OrderKind.Message)
                    _seen.TryAdd(record.Sender, new LogPosition(segment, order.LastOffset));
            }
        }
    }
}
