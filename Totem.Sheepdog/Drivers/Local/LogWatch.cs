using System.Buffers.Binary;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>Lets a session's thread sleep until there is something to do. The kernel wakes it in the very system call
/// that appends to the order, so that no writer waits for a reader, and none can be killed between appending and
/// waking.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LogWatch : ILogWatch, IDisposable
{
    private const uint Modified = 2;
    private const uint AttributesChanged = 4;
    private const int EventBytes = 16;

    private readonly SafeFileHandle _notifier = LinuxFiles.CreateNotifier();
    private readonly SafeFileHandle _wake = LinuxFiles.CreateEvent();
    private readonly LinuxFiles.PollDescriptor[] _descriptors = new LinuxFiles.PollDescriptor[3];
    private readonly byte[] _buffer = new byte[4096];
    private int _watch = -1;

    public bool HasAttributesChanged { get; private set; }

    public bool Follow(string path)
    {
        if (_watch >= 0)
            LinuxFiles.RemoveWatch(_notifier, _watch);
        _watch = LinuxFiles.AddWatch(_notifier, path, Modified | AttributesChanged);
        return _watch >= 0;
    }

    /// <summary>Any thread.</summary>
    public void Wake()
    {
        Span<byte> one = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(one, BitConverter.IsLittleEndian ? 1 : 1UL << 56);
        LinuxFiles.WriteOnce(_wake, one, "eventfd");
    }

    /// <summary>Waits until something was appended, <see cref="Wake"/> was called, or the other
    /// session has ended.</summary>
    /// <param name="other">Of <see cref="Presence.TryWatch"/>; null for nobody.</param>
    /// <returns>Whether the other session has ended.</returns>
    public bool Wait(SafeFileHandle? other)
    {
        _descriptors[0] = new() { Descriptor = (int)_notifier.DangerousGetHandle(), Events = LinuxFiles.PollIn };
        _descriptors[1] = new() { Descriptor = (int)_wake.DangerousGetHandle(), Events = LinuxFiles.PollIn };
        _descriptors[2] = new() { Descriptor = other is null ? -1 : (int)other.DangerousGetHandle() };
        LinuxFiles.Wait(_descriptors);
        var count = LinuxFiles.ReadSome(_notifier, _buffer);
        for (var at = 0; at + EventBytes <= count; at += EventBytes)
            HasAttributesChanged |= (BitConverter.ToUInt32(_buffer, at + 4) & AttributesChanged) != 0;
        LinuxFiles.ReadSome(_wake, _buffer);
        return (_descriptors[2].Returned & LinuxFiles.PollError) != 0;
    }

    public void Dispose()
    {
        _notifier.Dispose();
        _wake.Dispose();
    }
}
