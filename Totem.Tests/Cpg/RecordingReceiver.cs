using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Totem.Cpg;
using Totem.Cpg.Sessions;

namespace Totem.Tests.Cpg;

/// <summary>Writes down what a session calls back, a line each.</summary>
internal sealed class RecordingReceiver : ICpgReceiver
{
    public List<string> Lines { get; } = [];

    /// <summary>Called within each callback, like an application that does something there.</summary>
    public Action? Within { get; set; }

    public unsafe void OnMessage(uint node, uint pid, Span<byte> message)
    {
        Lines.Add($"{node}/{pid}: {Encoding.UTF8.GetString(message)}");
        // The application may write into it, and it belongs to who takes it.
        message.Clear();
        NativeMemory.Free(Unsafe.AsPointer(ref MemoryMarshal.GetReference(message)));
        Within?.Invoke();
    }

    public void OnChange(
        ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined)
    {
        Lines.Add($"members {Text(members)} left {Text(left)} joined {Text(joined)}");
        Within?.Invoke();
    }

    public void OnRing(CpgRingId id, ReadOnlySpan<uint> members)
    {
        Lines.Add($"ring {id.Node}:{id.Sequence} of {string.Join(',', members.ToArray())}");
        Within?.Invoke();
    }

    private static string Text(ReadOnlySpan<CpgAddress> list)
    {
        var parts = new List<string>();
        foreach (var address in list)
            parts.Add(address.Reason == CpgReason.Undefined ? $"{address.Node}/{address.Pid}"
                : $"{address.Node}/{address.Pid}:{address.Reason}");
        return $"[{string.Join(' ', parts)}]";
    }
}
