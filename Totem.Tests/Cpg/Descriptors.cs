using System.Net.Sockets;

namespace Totem.Tests.Cpg;

/// <summary>A descriptor as a program sees it.</summary>
internal static class Descriptors
{
    public static bool IsReadable(int descriptor)
    {
        using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
        return socket.Poll(0, SelectMode.SelectRead);
    }

    public static void Close(int descriptor) => new SafeSocketHandle(descriptor, ownsHandle: true).Dispose();
}
