namespace Totem.Operation.Tests.Sockets;

/// <summary>A directory of this user's alone, with a short path: the system's limit for a socket's name is 108
/// bytes.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine("/tmp", $"totem-run-{Guid.NewGuid():n}"[..20]);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
