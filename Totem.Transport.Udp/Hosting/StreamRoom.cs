using Microsoft.Extensions.Logging;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Queues;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Whether the application has room for what comes next, in the node's own stream and in those of its groups.</summary>
internal sealed class StreamRoom(
    ProcessorId self, RingEventStream? stream, GroupHost groups, long beyondRoomBytesMax, RingReporter reporter, ILogger logger)
{
    private long _beyondRoomBytes;
    private volatile bool _isStreamDropped;

    /// <summary>Nobody read the node's own stream while it was used for groups, and it has overflowed. Any thread.</summary>
    public bool IsStreamDropped => _isStreamDropped;

    /// <summary>There was no room when somebody asked last.</summary>
    public bool IsFull { get; private set; }

    /// <summary>The application's pace decides, except where others wait for what only deliveries bring about.</summary>
    public bool MayDeliver(bool mustDeliver)
    {
        if (HasRoom())
        {
            (IsFull, _beyondRoomBytes) = (false, 0);
            return true;
        }

        IsFull = true;
        return mustDeliver;
    }

    /// <summary>Something was delivered, perhaps where there was no room.</summary>
    /// <exception cref="RingFailedException">The application does not read while more and more comes.</exception>
    public void NoteDelivered(int bytes)
    {
        const int overheadBytes = 64;
        if (IsFull && (_beyondRoomBytes += bytes + overheadBytes) > beyondRoomBytesMax)
            throw new RingFailedException($"the application did not read its events while {_beyondRoomBytes} bytes of them came with changes of membership");
    }

    /// <summary>Puts something into the node's own stream, if anybody is to read it.</summary>
    public void Add(in Delivery element)
    {
        if (!_isStreamDropped)
            stream?.Add(in element);
    }

    /// <summary>After a burst of deliveries.</summary>
    public void Signal()
    {
        stream?.Signal();
        groups.Signal();
    }

    /// <summary>Whether a reader needs the processor more than the ring's thread does.</summary>
    public bool IsReaderBehind() => groups.IsBehind() || (stream is { IsBehind: true, HasReader: true } && !_isStreamDropped);

    /// <summary>Whether every stream can take another delivery.</summary>
    public bool HasRoom()
    {
        var hasRoom = stream is null || _isStreamDropped || stream.HasRoom();
        if (!hasRoom && !stream!.HasReader && groups.IsUsed)
        {
            // A program of groups only, which never reads what is sent to the ring as a whole, must not be held up by it, nor hold up others.
            _isStreamDropped = hasRoom = true;
            stream.Complete(new InvalidOperationException("nobody had begun to read the node's own events when they overflowed"));
            Log.StreamDropped(logger, self);
        }

        if (hasRoom && groups.HasRoom())
            return true;
        reporter.OnStreamFull();
        return false;
    }
}
