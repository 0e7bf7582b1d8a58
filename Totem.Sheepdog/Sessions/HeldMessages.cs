using System.Diagnostics.CodeAnalysis;

namespace Totem.Sheepdog.Sessions;

/// <summary>Messages that wait for this session's own accept: nobody would heed them before.</summary>
internal sealed class HeldMessages
{
    private readonly Queue<byte[]> _messages = new();
    private long _bytes;

    /// <returns>False when there is no room.</returns>
    public bool TryAdd(byte[] message)
    {
        if (_bytes + message.Length > ClusterLimits.MaxSendingBytes)
            return false;
        _bytes += message.Length;
        _messages.Enqueue(message);
        return true;
    }

    public bool TryTake([NotNullWhen(true)] out byte[]? message)
    {
        if (!_messages.TryDequeue(out message))
            return false;
        _bytes -= message.Length;
        return true;
    }
}
