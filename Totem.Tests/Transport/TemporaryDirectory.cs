namespace Totem.Tests.Transport;

/// <summary>A directory of one test, gone afterwards.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("totem-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
