using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>Reads and removes the last part of a message that this session alone is handed, one znode after the
/// other.</summary>
internal sealed class HandoverFetch(SessionSetup setup, RequestDesk desk)
{
    private const int RepeatMilliseconds = 100;

    private readonly List<byte> _message = [];
    private LogEntry? _entry;
    private int _chunk;

    public void Begin(LogEntry entry)
    {
        (_entry, _chunk) = (entry, 0);
        _message.Clear();
        _message.AddRange(entry.Message.Span);
    }

    /// <summary>The whole message, and the entry with its first part; once.</summary>
    public bool TryTake(out LogEntry entry, out byte[] message)
    {
        (entry, message) = (default, []);
        if (_entry is not { } known || _chunk < known.ChunkCount)
            return false;
        (entry, message, _entry) = (known, _message.ToArray(), null);
        return true;
    }

    /// <summary>Asks for the next part, if there is one; also when it is time to ask again.</summary>
    public void Ask()
    {
        if (_entry is { } entry && _chunk < entry.ChunkCount)
            desk.Ask(new(RequestPurpose.HandoverReads, BackendRequestKind.Get, PathOf(entry)));
    }

    /// <summary>A part was read, or not.</summary>
    public void Handle(BackendAnswer answer, long now)
    {
        if (answer.IsUnanswered)
        {
            desk.Deadlines.Set(SessionDeadline.Handover, now + RepeatMilliseconds);
            return;
        }

        if (answer.Code != ZooKeeperCode.Ok)
        {
            desk.Lose($"what this session was handed cannot be read: {answer.Code}");
            return;
        }

        _message.AddRange(answer.Data);
        desk.Ask(BackendRequest.Write(RequestPurpose.HandoverRemoves, ZooKeeperWrite.Delete(answer.Request.Path)));
        _chunk++;
        Ask();
    }

    private string PathOf(LogEntry entry) =>
        setup.Paths.Handover(setup.Self, entry.Peer, entry.Number, _chunk);
}
