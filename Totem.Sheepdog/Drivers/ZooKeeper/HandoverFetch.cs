using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>Reads and removes the last part of a message that this session alone is handed, one znode after the
/// other.</summary>
internal sealed class HandoverFetch(SessionSetup setup, RequestDesk desk)
{
    private const int RepeatMilliseconds = 100;

    private readonly List<byte> _message = [];

    /// <summary>Parts that were read, whose removal was not answered. Others remove them only when this session is
    /// over.</summary>
    private readonly Queue<string> _unremoved = new();
    private LogEntry? _entry;
    private int _chunk;
    private bool _asksAgain;

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

    /// <summary>Time to ask again for what was not answered.</summary>
    public void HandleDeadline()
    {
        while (_unremoved.TryDequeue(out var path))
            Remove(path);
        if (!_asksAgain)
            return;
        _asksAgain = false;
        Ask();
    }

    /// <summary>Asks for the next part, if there is one.</summary>
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
            _asksAgain = true;
            desk.Deadlines.Set(SessionDeadline.Handover, now + RepeatMilliseconds);
            return;
        }

        if (answer.Code != ZooKeeperCode.Ok)
        {
            desk.Lose($"what this session was handed cannot be read: {answer.Code}");
            return;
        }

        _message.AddRange(answer.Data);
        Remove(answer.Request.Path);
        _chunk++;
        Ask();
    }

    /// <summary>A part was removed, or not.</summary>
    public void HandleRemoved(BackendAnswer answer, long now)
    {
        if (!answer.IsUnanswered)
            return;
        _unremoved.Enqueue(answer.Request.Writes[0].Path);
        desk.Deadlines.Set(SessionDeadline.Handover, now + RepeatMilliseconds);
    }

    private void Remove(string path) =>
        desk.Ask(BackendRequest.Write(RequestPurpose.HandoverRemoves, ZooKeeperWrite.Delete(path)));

    private string PathOf(LogEntry entry) =>
        setup.Paths.Handover(setup.Self, entry.Peer, entry.Number, _chunk);
}
